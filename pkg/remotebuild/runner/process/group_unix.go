//go:build unix

package process

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"k8s.io/utils/clock"
)

// CookieVariable marks the processes of a build in their environment.
const CookieVariable = "CORBEL_COOKIE"

const (
	killWithin = 10 * time.Second
	killPause  = 10 * time.Millisecond
)

// Config is what a group is made of.
type Config struct {
	ID     string
	Cookie string
	Limits Limits
	Clock  clock.WithTicker
}

// Group is all processes of one build.
type Group struct {
	record Record
	cgroup *cgroup
	reaper *reaper // nil in an adopted group
	clock  clock.WithTicker
}

// NewGroup makes this process the supervisor of a group. It may be done once in a process.
func NewGroup(c Config) *Group {
	g := &Group{cgroup: newCgroup(c.ID, c.Limits), reaper: newReaper(), clock: c.Clock}
	g.record = Record{Cookie: c.Cookie, Cgroups: g.cgroup.dirs(), Unenforced: g.cgroup.unenforced(c.Limits)}
	switch mode, reaping := g.cgroup.mode(), becomeSubreaper(); {
	case mode != "":
		g.record.Containment = mode
	case reaping:
		g.record.Containment = ContainmentSubreaper
	default:
		g.record.Containment = ContainmentChildren
	}
	return g
}

// Adopt finds a group whose supervisor is gone.
func Adopt(r Record, c clock.WithTicker) *Group {
	return &Group{record: r, cgroup: openCgroup(r.Cgroups), clock: c}
}

// Record is to be saved before the first Start.
func (g *Group) Record() Record { return g.record }

// Start starts a member. Its end comes through the channel, once.
func (g *Group) Start(c Command) (<-chan Exit, error) {
	c.Env = append(c.Env, CookieVariable+"="+g.record.Cookie)
	return g.cgroup.start(func(attr *syscall.SysProcAttr) (<-chan Exit, error) {
		return g.reaper.start(c, attr)
	})
}

// Members are the pids of all that live.
func (g *Group) members() []stat {
	in := g.cgroup.pids()
	root := 0
	if g.reaper != nil {
		root = os.Getpid()
	}
	all := allProcesses()
	parent := make(map[int]int, len(all))
	for _, s := range all {
		parent[s.pid] = s.parent
	}
	cookie := CookieVariable + "=" + g.record.Cookie
	var found []stat
	for _, s := range all {
		if s.pid == os.Getpid() {
			continue
		}
		if in[s.pid] || descends(s.pid, root, parent) || hasCookie(s.pid, cookie) {
			found = append(found, s)
		}
	}
	return found
}

// descends is true for those below root. Walks are bounded: the table was read while
// processes came and went.
func descends(pid, root int, parent map[int]int) bool {
	for range len(parent) {
		pid = parent[pid]
		if pid == root || pid == 0 {
			break
		}
	}
	return root != 0 && pid == root
}

// Left counts those that live.
func (g *Group) Left() int { return len(g.members()) }

// Terminate asks all members to end.
func (g *Group) Terminate() {
	for _, s := range g.members() {
		send(s, unix.SIGTERM)
	}
	g.cgroup.thaw()
}

// Kill ends all members. It gives the number of those that lived, and of those that
// could not be ended.
func (g *Group) Kill() (lived, left int) {
	deadline := g.clock.Now().Add(killWithin)
	found := g.members()
	lived = len(found)
	// One look may miss what forks and exits at once: only two empty ones are an end.
	for empty := 0; empty < 2; {
		g.cgroup.kill()
		// What is stopped cannot fork: a storm calms down before it is killed.
		for _, s := range found {
			send(s, unix.SIGSTOP)
		}
		for _, s := range found {
			send(s, unix.SIGKILL)
		}
		g.cgroup.thaw()
		if found = g.members(); len(found) == 0 {
			empty++
			continue
		}
		empty = 0
		if g.clock.Now().After(deadline) {
			break
		}
		g.clock.Sleep(killPause)
	}
	return lived, len(found)
}

// Usage is what the cgroup counted so far.
func (g *Group) Usage() Usage { return g.cgroup.usage() }

// Close gives back what the group holds of the system. It ends no member.
func (g *Group) Close() {
	if g.reaper != nil {
		close(g.reaper.stop)
	}
	g.cgroup.remove()
}
