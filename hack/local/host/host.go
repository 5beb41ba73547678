package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/corbel-dev/corbel/hack/local/cgroup"
	"github.com/corbel-dev/corbel/hack/local/netns"
	"github.com/corbel-dev/corbel/hack/local/proc"
	"github.com/corbel-dev/corbel/hack/local/progress"
	"github.com/corbel-dev/corbel/hack/local/state"
)

const (
	kind   = "hosts"
	daemon = "sshd"
	port   = "22"
)

// Config says what host is wanted.
type Config struct {
	// Name is also its host name and the name of its network namespace.
	Name string `json:"name"`
	// Users may log in with the host's client key. None means one called "builder".
	Users []string `json:"users"`
	// Log gets a line for each step with times; nil discards them.
	Log io.Writer `json:"-"`
}

// Host is one build host, running or not.
type Host struct {
	root   state.Root
	record record
	log    *progress.Log
}

type record struct {
	Config  Config     `json:"config"`
	Link    netns.Link `json:"link"`
	HostKey string     `json:"hostKey"`
}

// ErrNotFound says that no host of that name was made here.
var ErrNotFound = errors.New("no such host")

// Open finds a host that was made, running or not.
func Open(name string) (*Host, error) { return find(state.Default(), name) }

func find(root state.Root, name string) (*Host, error) {
	if err := state.CheckName(name); err != nil {
		return nil, err
	}
	h := &Host{root: root, log: progress.New(nil, name)}
	h.record.Config.Name = name
	err := state.Load(h.path("host.json"), &h.record)
	if errors.Is(err, fs.ErrNotExist) {
		return h, fmt.Errorf("%w: %s", ErrNotFound, name)
	}
	return h, err
}

// List finds all hosts that were made, whole or not.
func List() ([]*Host, error) {
	root := state.Default()
	names, err := root.Names(kind)
	if err != nil {
		return nil, err
	}
	var all []*Host
	for _, n := range names {
		h, err := find(root, n)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		all = append(all, h)
	}
	return all, nil
}

func (h *Host) path(elem ...string) string {
	return h.root.Path(append([]string{kind, h.Name()}, elem...)...)
}

func (h *Host) group() cgroup.Tree { return cgroup.Of("host-" + h.Name()) }

// Name is what Up was given.
func (h *Host) Name() string { return h.record.Config.Name }

// Address is where its sshd listens, reached from this machine and from all clusters.
func (h *Host) Address() string { return h.record.Link.Address.String() }

// Port is its sshd's.
func (h *Host) Port() string { return port }

// Users may log in.
func (h *Host) Users() []string { return h.record.Config.Users }

// HostKey is its public key, as a line of an authorized_keys file; in a known_hosts
// file the address goes before it.
func (h *Host) HostKey() string { return h.record.HostKey }

// ClientKeyPath is the private key that its users log in with.
func (h *Host) ClientKeyPath() string { return h.path("client_key") }

// Home is a user's home folder as this machine sees it.
func (h *Host) Home(user string) string { return h.path("home", user) }

// LogPath is where its sshd logs.
func (h *Host) LogPath() string {
	p, _ := proc.Find(h.path("proc"), daemon)
	return p.LogPath()
}

// Running is true from power on to power off, also while frozen.
func (h *Host) Running() bool {
	p, ok := proc.Find(h.path("proc"), daemon)
	return ok && p.Running()
}

// Partition takes its cable out.
func (h *Host) Partition(ctx context.Context) error { return h.record.Link.Cut(ctx) }

// Heal puts the cable back.
func (h *Host) Heal(ctx context.Context) error { return h.record.Link.Mend(ctx) }

// Freeze stops all that runs on it, without ending anything.
func (h *Host) Freeze() error { return h.group().Freeze() }

// Thaw lets all run on.
func (h *Host) Thaw() error { return h.group().Thaw() }

// PowerOff ends all that runs on it at once; its files stay.
func (h *Host) PowerOff(ctx context.Context) error {
	// A frozen process group does not see even SIGKILL before it is thawed.
	if err := h.Thaw(); err != nil {
		return err
	}
	if p, ok := proc.Find(h.path("proc"), daemon); ok {
		if err := p.End(ctx); err != nil {
			return err
		}
	}
	return proc.KillAll(h.group().Processes)
}

// PowerOn starts it after PowerOff.
func (h *Host) PowerOn(ctx context.Context) error { return h.boot(ctx) }
