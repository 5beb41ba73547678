package rig

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/corbel-dev/corbel/hack/local/cluster"
	"github.com/corbel-dev/corbel/test/bench/report"
)

// ticksPerSecond is the unit of /proc on every Linux that Go runs on.
const ticksPerSecond = 100

// meter reads what the machine and the cluster's processes have worked.
type meter struct{ cluster *cluster.Cluster }

func newMeter(c *cluster.Cluster) *meter { return &meter{cluster: c} }

type reading struct {
	at   time.Time
	busy float64 // seconds of all cores
	ours map[process]float64
}

// process is one of ours. A program that was started anew is another.
type process struct {
	pid  int
	name string
}

func (m *meter) read() reading {
	self := process{os.Getpid(), "this program"}
	r := reading{at: time.Now(), busy: machineSeconds(), ours: map[process]float64{self: processSeconds(self.pid)}}
	for _, p := range m.cluster.Processes() {
		if p.Running() {
			r.ours[process{p.Pid(), p.Name}] = processSeconds(p.Pid())
		}
	}
	return r
}

// StartLoad begins to meter; the function ends it. What a process did that has ended
// since counts as other work.
func (r *Rig) StartLoad() func() report.Load {
	before := r.load.read()
	return func() report.Load {
		after := r.load.read()
		seconds := after.at.Sub(before.at).Seconds()
		l := report.Load{
			Seconds: report.Number(seconds),
			Busy:    report.Number((after.busy - before.busy) / seconds),
		}
		for p, now := range after.ours {
			cores := report.Number((now - before.ours[p]) / seconds)
			l.Ours += cores
			l.By = append(l.By, report.Work{Process: p.name, Cores: cores})
		}
		slices.SortFunc(l.By, func(a, b report.Work) int { return cmp.Compare(b.Cores, a.Cores) })
		return l
	}
}

// machineSeconds is the time that all cores were not idle since the boot.
func machineSeconds() float64 {
	data, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(data), "\n")
	const idle, wait, guest = 4, 5, 9 // guests are in the users' time already
	sum := 0.0
	for i, field := range strings.Fields(first) {
		if i == 0 || i == idle || i == wait || i >= guest {
			continue
		}
		n, _ := strconv.ParseFloat(field, 64)
		sum += n
	}
	return sum / ticksPerSecond
}

// processSeconds is the processor time of a process, and of children that it has
// waited for.
func processSeconds(pid int) float64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	line := string(data)
	fields := strings.Fields(line[strings.LastIndexByte(line, ')')+1:])
	const user, end = 11, 15
	sum := 0.0
	for i := user; i < end && i < len(fields); i++ {
		n, _ := strconv.ParseFloat(fields[i], 64)
		sum += n
	}
	return sum / ticksPerSecond
}
