package node

import (
	"net"
	"os"
	"path/filepath"
	"testing"
)

func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestOwnTracesAreRemovedAndOthersStay(t *testing.T) {
	machine, dir, other := t.TempDir(), "/s/edge", "/s/edge-2"
	at := func(elem ...string) string { return filepath.Join(append([]string{machine}, elem...)...) }
	put(t, at(cniResults, "ours"), `{"sandbox":"`+dir+`/netns/1"}`)
	put(t, at(cniResults, "theirs"), `{"sandbox":"`+other+`/netns/1"}`)
	put(t, at(devicePlugins, "plugin"), "")
	if err := os.MkdirAll(at(logLinks), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"ours": dir, "theirs": other} {
		if err := os.Symlink(target+"/pod-logs/0.log", at(logLinks, name)); err != nil {
			t.Fatal(err)
		}
	}
	removeTraces(machine, dir)
	for path, stays := range map[string]bool{
		at(cniResults, "ours"): false, at(cniResults, "theirs"): true,
		at(logLinks, "ours"): false, at(logLinks, "theirs"): true,
		at(devicePlugins, "plugin"): true,
	} {
		if _, err := os.Lstat(path); (err == nil) != stays {
			t.Errorf("%s: %v, want it to stay: %v", path, err, stays)
		}
	}
}

func TestEmptyFoldersAreRemoved(t *testing.T) {
	machine := t.TempDir()
	put(t, filepath.Join(machine, cniResults, "ours"), `"/s/edge/netns"`)
	removeTraces(machine, "/s/edge")
	if _, err := os.Stat(filepath.Join(machine, "var/lib/cni")); err == nil {
		t.Error("an empty folder is left")
	}
	if _, err := os.Stat(filepath.Join(machine, "var/lib")); err != nil {
		t.Error("a folder of the system's own is gone")
	}
}

func TestSocketThatAnswersStays(t *testing.T) {
	// A socket's path is short, which a test's own folder may not be.
	t.Chdir(t.TempDir())
	const socket = "s"
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	removeDeaf(socket)
	if _, err := os.Stat(socket); err != nil {
		t.Error("a socket that answers was removed")
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	removeDeaf(socket)
	if _, err := os.Stat(socket); err == nil {
		t.Error("a socket that no one listens on is left")
	}
}
