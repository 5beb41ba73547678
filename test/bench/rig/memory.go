package rig

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/corbel-dev/corbel/hack/local/cluster"
	"github.com/corbel-dev/corbel/test/bench/audit"
)

// Memory of one process, in bytes.
type Memory struct {
	// Live is what its heap held right after a garbage collection.
	Live int64
	// InUse are the heap's spans that held it.
	InUse int64
	// Resident is what the machine has given it.
	Resident int64
}

// MemoryOf has a replica collect its garbage and reads what is left.
func (r *Rig) MemoryOf(ctx context.Context, p *cluster.Process) (Memory, error) {
	var m Memory
	body, err := r.pprof(ctx, p, "heap?gc=1&debug=1")
	if err != nil {
		return m, err
	}
	defer func() { _ = body.Close() }()
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		name, value, ok := strings.Cut(strings.TrimPrefix(lines.Text(), "# "), " = ")
		if !ok {
			continue
		}
		switch name {
		case "HeapAlloc":
			m.Live, err = strconv.ParseInt(value, 10, 64)
		case "HeapInuse":
			m.InUse, err = strconv.ParseInt(value, 10, 64)
		}
		if err != nil {
			return m, fmt.Errorf("heap profile: %w", err)
		}
	}
	if err := lines.Err(); err != nil {
		return m, fmt.Errorf("heap profile: %w", err)
	}
	m.Resident, err = resident(p.Pid())
	return m, err
}

// Profile writes a CPU profile of the next seconds of a replica to a file.
func (r *Rig) Profile(ctx context.Context, p *cluster.Process, d time.Duration, path string) error {
	return r.save(ctx, p, fmt.Sprintf("profile?seconds=%d", int(d.Seconds())), path)
}

// HeapProfile writes what the heap of a replica holds to a file.
func (r *Rig) HeapProfile(ctx context.Context, p *cluster.Process, path string) error {
	return r.save(ctx, p, "heap?gc=1", path)
}

func (r *Rig) save(ctx context.Context, p *cluster.Process, query, path string) error {
	body, err := r.pprof(ctx, p, query)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	file, err := os.Create(filepath.Clean(path))
	if err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	defer func() { _ = file.Close() }()
	if _, err := io.Copy(file, body); err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	return nil
}

func (r *Rig) pprof(ctx context.Context, p *cluster.Process, query string) (io.ReadCloser, error) {
	port, ok := variable(p, "PROFILING_PORT")
	if !ok {
		return nil, fmt.Errorf("%s has no profiling port", p.Name)
	}
	url := "http://" + net.JoinHostPort(r.Cluster.Address(), port) + "/debug/pprof/" + query
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("pprof: %w", err)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("pprof: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		_ = answer.Body.Close()
		return nil, fmt.Errorf("pprof of %s: %s", p.Name, answer.Status)
	}
	return answer.Body, nil
}

// variable is the last value that a process was given for an environment variable.
func variable(p *cluster.Process, name string) (string, bool) {
	value, found := "", false
	for _, e := range p.Spec().Env {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			value, found = v, true
		}
	}
	return value, found
}

func resident(pid int) (int64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("resident memory: %w", err)
	}
	for line := range strings.SplitSeq(string(data), "\n") {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("pid %d has no resident memory", pid)
}

// busy tells whether the controllers asked for anything that gates are the cause of.
func busy(events []audit.Event) bool {
	for _, e := range events {
		if e.User == Controller && !audit.Standing(e) {
			return true
		}
	}
	return false
}
