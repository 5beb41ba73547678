package proc

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	tail := " S 1 10 10 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4711 0 0"
	for name, test := range map[string]struct {
		line string
		want stat
		bad  bool
	}{
		"a plain name":                 {line: "10 (etcd)" + tail, want: stat{begin: 4711}},
		"brackets and blanks in names": {line: "10 (a) S (b c)" + tail, want: stat{begin: 4711}},
		"a zombie":                     {line: "10 (x)" + strings.Replace(tail, "S", "Z", 1), want: stat{begin: 4711, zombie: true}},
		"a leader that ended first":    {line: "10 (x)" + strings.Replace(strings.Replace(tail, "S", "Z", 1), " 20 0 1 ", " 20 0 3 ", 1), want: stat{begin: 4711}},
		"a torn line":                  {line: "10 (x) S 1", bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseStat(test.line)
			if (err != nil) != test.bad || got != test.want {
				t.Errorf("parseStat = %+v, %v, want %+v", got, err, test.want)
			}
		})
	}
}

func TestHasMark(t *testing.T) {
	for name, test := range map[string]struct {
		environ string
		want    bool
	}{
		"the folder itself":            {"A=1\x00" + Mark + "=/s/edge\x00", true},
		"a folder in it":               {Mark + "=/s/edge/proc\x00", true},
		"a folder that begins like it": {Mark + "=/s/edge-2/proc\x00", false},
		"another variable":             {"X" + Mark + "=/s/edge\x00", false},
		"nothing":                      {"", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := hasMark([]byte(test.environ), "/s/edge"); got != test.want {
				t.Errorf("hasMark = %v, want %v", got, test.want)
			}
		})
	}
}

func start(t *testing.T, dir string) *Process {
	t.Helper()
	p, err := Start(dir, Spec{Name: "sleeper", Path: "/bin/sleep", Args: []string{"60"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Kill() })
	return p
}

func TestProcessIsFoundAgainAndKilled(t *testing.T) {
	dir := t.TempDir()
	started := start(t, dir)
	p, ok := Find(dir, "sleeper")
	if !ok || !p.Running() || p.Pid() != started.Pid() {
		t.Fatalf("found %v %+v, want the one that was started", ok, p)
	}
	if again := start(t, dir); again.Pid() != started.Pid() {
		t.Error("a second Start made a second process")
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	if p.Running() {
		t.Error("runs after Kill")
	}
	if err := p.Forget(); err != nil {
		t.Fatal(err)
	}
	if _, ok := Find(dir, "sleeper"); ok {
		t.Error("found after Forget")
	}
}

func TestFrozenProcessStops(t *testing.T) {
	p := start(t, t.TempDir())
	if err := p.Freeze(); err != nil {
		t.Fatal(err)
	}
	if !p.Running() {
		t.Error("a frozen process counts as ended")
	}
	if err := p.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p.Running() {
		t.Error("runs after Stop")
	}
}

func TestAnotherProcessWithThePidIsLeftAlone(t *testing.T) {
	p := start(t, t.TempDir())
	reused := &Process{Name: p.Name, dir: p.dir, record: p.record}
	reused.record.Begin++
	if err := reused.Kill(); err != nil {
		t.Fatal(err)
	}
	if !p.Running() {
		t.Error("a process with another start time was killed")
	}
}

func TestUnrecordedProcessIsFoundByItsMark(t *testing.T) {
	dir := t.TempDir()
	p := start(t, filepath.Join(dir, "proc"))
	if err := os.Remove(p.recordPath()); err != nil {
		t.Fatal(err)
	}
	// The mark is there once the program has taken the place of its parent's copy.
	deadline := time.After(5 * time.Second)
	for len(Marked(dir)) == 0 {
		select {
		case <-deadline:
			t.Fatal("not found by its mark")
		case <-time.After(10 * time.Millisecond):
		}
	}
	if err := KillAll(func() []int { return Marked(dir) }); err != nil {
		t.Fatal(err)
	}
	if p.Running() {
		t.Error("runs after KillAll")
	}
}
