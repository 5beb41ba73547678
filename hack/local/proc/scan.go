package proc

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

type stat struct {
	begin  uint64
	zombie bool
}

func readStat(pid int) (stat, error) {
	if pid <= 0 {
		return stat{}, errors.New("no pid")
	}
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, err
	}
	return parseStat(string(data))
}

// parseStat reads state and start time. The second field is the program's name in
// brackets and may itself hold brackets and blanks, so fields count from its end.
func parseStat(line string) (stat, error) {
	const stateField, threadsField, beginField = 0, 17, 19
	fields := strings.Fields(line[strings.LastIndexByte(line, ')')+1:])
	if len(fields) <= beginField {
		return stat{}, fmt.Errorf("short stat line: %q", line)
	}
	begin, err := strconv.ParseUint(fields[beginField], 10, 64)
	if err != nil {
		return stat{}, fmt.Errorf("start time: %w", err)
	}
	// A leader that has ended while its other threads still end holds their sockets.
	dead := (fields[stateField] == "Z" && fields[threadsField] <= "1") || fields[stateField] == "X"
	return stat{begin: begin, zombie: dead}, nil
}

// Marked finds the living processes that carry a mark of dir or of a folder in it:
// what was started there, and children that kept its environment.
func Marked(dir string) []int {
	return scan(func(pid int) bool {
		env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		return err == nil && hasMark(env, dir)
	})
}

func hasMark(environ []byte, dir string) bool {
	for entry := range bytes.SplitSeq(environ, []byte{0}) {
		value, ok := bytes.CutPrefix(entry, []byte(Mark+"="))
		if !ok {
			continue
		}
		folder := string(value)
		return folder == dir || strings.HasPrefix(folder, dir+"/")
	}
	return false
}

// WithArgument finds the living processes with one argument that is exactly arg.
func WithArgument(arg string) []int {
	return scan(func(pid int) bool {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		return err == nil && bytes.Contains(line, []byte("\x00"+arg+"\x00"))
	})
}

func scan(match func(pid int) bool) []int {
	folders, _ := filepath.Glob("/proc/[0-9]*")
	var found []int
	for _, f := range folders {
		pid, err := strconv.Atoi(filepath.Base(f))
		if err != nil || pid == os.Getpid() {
			continue
		}
		if s, err := readStat(pid); err == nil && !s.zombie && match(pid) {
			found = append(found, pid)
		}
	}
	return found
}

// KillAll ends processes that were found a moment ago by a mark or an argument. Each
// is held by a pidfd while it is checked once more, so that a reused pid is safe.
func KillAll(find func() []int) error {
	var errs []error
	for range 50 {
		pids := find()
		if len(pids) == 0 {
			return nil
		}
		errs = errs[:0]
		for _, pid := range pids {
			errs = append(errs, killHeld(pid, find))
		}
	}
	return errors.Join(append(errs, errors.New("processes remain after kill"))...)
}

func killHeld(pid int, find func() []int) error {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return nil // it has ended since
	}
	defer func() { _ = unix.Close(fd) }()
	for _, again := range find() {
		if again != pid {
			continue
		}
		if err := unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("kill %d: %w", pid, err)
		}
		poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}} //nolint:gosec // a descriptor is small
		if _, err := unix.Poll(poll, 200); err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("wait for %d: %w", pid, err)
		}
	}
	return nil
}
