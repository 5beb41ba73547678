package node

import (
	"bytes"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Places that no setting of containerd's, a kubelet's or a CNI plugin's moves. They are
// shared with other nodes, so that only what leads into a node's own folder is removed.
const (
	shimSockets   = "run/containerd/s"
	logLinks      = "var/log/containers"
	cniResults    = "var/lib/cni/results"
	devicePlugins = "var/lib/kubelet/device-plugins"
)

// removeTraces is about order on the machine, not about the next node's health: what
// cannot be removed is left.
func removeTraces(machine, dir string) {
	removeShimSockets(dir)
	removeLinksInto(filepath.Join(machine, logLinks), dir)
	removeFilesNaming(filepath.Join(machine, cniResults), dir)
	removeDeaf(filepath.Join(machine, devicePlugins, "kubelet.sock"))
	for _, place := range []string{shimSockets, logLinks, cniResults, devicePlugins} {
		// A folder in which another has something stays.
		_ = os.Remove(filepath.Join(machine, place))
		if place != logLinks {
			_ = os.Remove(filepath.Join(machine, filepath.Dir(place)))
		}
	}
}

// removeShimSockets finds the sockets by the note of its address that each shim leaves
// in its own folder.
func removeShimSockets(dir string) {
	notes, _ := filepath.Glob(filepath.Join(dir, "node", "run", "containerd", "io.containerd.runtime.v2.task", "*", "*", "address"))
	for _, note := range notes {
		address, err := os.ReadFile(note) //nolint:gosec // under the node's own folder
		if err != nil {
			continue
		}
		if socket, ok := strings.CutPrefix(strings.TrimSpace(string(address)), "unix://"); ok {
			_ = os.Remove(filepath.Clean(socket))
		}
	}
}

func removeLinksInto(place, dir string) {
	links, _ := filepath.Glob(filepath.Join(place, "*"))
	for _, l := range links {
		if target, err := os.Readlink(l); err == nil && strings.HasPrefix(target, dir+"/") {
			_ = os.Remove(l)
		}
	}
}

func removeFilesNaming(place, dir string) {
	files, _ := filepath.Glob(filepath.Join(place, "*"))
	for _, f := range files {
		content, err := os.ReadFile(f) //nolint:gosec // of a place above
		if err == nil && bytes.Contains(content, []byte(`"`+dir+"/")) {
			_ = os.Remove(f)
		}
	}
}

// removeDeaf removes a socket that no one listens on.
func removeDeaf(socket string) {
	conn, err := net.DialTimeout("unix", socket, time.Second) //nolint:noctx // answers or refuses at once
	if errors.Is(err, syscall.ECONNREFUSED) {
		_ = os.Remove(socket)
	}
	if err == nil {
		_ = conn.Close()
	}
}
