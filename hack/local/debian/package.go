package debian

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/corbel-dev/corbel/hack/local/progress"
)

// Package is a package and a program in it, by which its presence is known.
type Package struct {
	Name    string
	Program string
}

// Network is what namespaces and bridges are made with.
func Network() []Package {
	return []Package{{"iproute2", "ip"}, {"util-linux", "nsenter"}}
}

// Node is what pods are run with.
func Node() []Package {
	return []Package{
		{"containerd", "containerd"},
		{"runc", "runc"},
		{"containernetworking-plugins", "/usr/lib/cni/bridge"},
		{"nftables", "nft"},
		{"iptables", "iptables"},
		{"busybox-static", "busybox"},
		{"ca-certificates", "/etc/ssl/certs/ca-certificates.crt"},
	}
}

// Host is what build hosts are made with.
func Host() []Package {
	return append(Network(), Package{"openssh-server", "sshd"}, Package{"openssh-client", "ssh-keygen"})
}

// Missing are the names of packages whose program is not there.
func Missing(packages ...Package) []string {
	var names []string
	for _, p := range packages {
		if Find(p.Program) == "" {
			names = append(names, p.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Find is the path of a program, also in the folders that a plain user's PATH leaves
// out; empty when it is nowhere.
func Find(program string) string {
	if filepath.IsAbs(program) {
		if _, err := os.Stat(program); err == nil {
			return program
		}
		return ""
	}
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	for _, dir := range []string{"/usr/sbin", "/sbin", "/usr/local/sbin"} {
		path := filepath.Join(dir, program)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

// Need installs what is missing. Without root or apt it says what to install.
func Need(ctx context.Context, log *progress.Log, packages ...Package) error {
	missing := Missing(packages...)
	if len(missing) == 0 {
		return nil
	}
	list := strings.Join(missing, " ")
	if os.Geteuid() != 0 || Find("apt-get") == "" {
		return fmt.Errorf("missing packages, install them first: %s", list)
	}
	return log.Step("installed packages "+list, func() error {
		if err := apt(ctx, append([]string{"install", "-y", "--no-install-recommends"}, missing...)...); err == nil {
			return nil
		}
		// A fresh image has no package lists.
		if err := apt(ctx, "update"); err != nil {
			return err
		}
		return apt(ctx, append([]string{"install", "-y", "--no-install-recommends"}, missing...)...)
	})
}

func apt(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "apt-get", args...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("apt-get %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}
