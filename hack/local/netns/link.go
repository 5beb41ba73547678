package netns

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
)

// Device is the name that a namespace sees its own end of the cable by.
const Device = "wan"

// Link is one namespace and its cable.
type Link struct {
	Namespace string     `json:"namespace"`
	Veth      string     `json:"veth"`
	Address   netip.Addr `json:"address"`
}

// Plan names the namespace and the cable without making them, to be recorded first.
func (w *Wan) Plan(name string, address netip.Addr) Link {
	sum := sha256.Sum256([]byte(w.root.Dir + "/" + name))
	return Link{Namespace: name, Veth: "cbl" + hex.EncodeToString(sum[:5]), Address: address}
}

// Foreign says whether a namespace of that name exists; asked before the first record
// of it, so that another's is never taken for ours.
func Foreign(name string) bool {
	_, err := os.Stat(Path(name))
	return err == nil
}

// Path is where the namespace is mounted.
func Path(name string) string { return "/run/netns/" + name }

// Join makes what is missing of namespace, cable, address and route.
func (w *Wan) Join(ctx context.Context, l Link) error {
	if !Foreign(l.Namespace) {
		if err := ip(ctx, "netns", "add", l.Namespace); err != nil {
			return err
		}
	}
	if !exists(l.Veth) {
		if err := w.plug(ctx, l); err != nil {
			return err
		}
	}
	steps := [][]string{
		{"link", "set", l.Veth, "master", w.Bridge, "up"},
		{"-n", l.Namespace, "link", "set", "lo", "up"},
		{"-n", l.Namespace, "addr", "replace", netip.PrefixFrom(l.Address, w.Prefix.Bits()).String(), "dev", Device},
		{"-n", l.Namespace, "link", "set", Device, "up"},
		{"-n", l.Namespace, "route", "replace", "default", "via", w.Address().String()},
	}
	for _, s := range steps {
		if err := ip(ctx, s...); err != nil {
			return err
		}
	}
	return Run(ctx, l.Namespace, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
}

func (w *Wan) plug(ctx context.Context, l Link) error {
	// The far end is made inside: its name would clash with other namespaces' here.
	return ip(ctx, "link", "add", l.Veth, "type", "veth", "peer", "name", Device, "address", l.mac(), "netns", l.Namespace)
}

// mac is made from the address. A random one would leave neighbours with the one that
// the address had before, and unable to reach its new owner for most of a minute.
func (l Link) mac() string {
	a := l.Address.As4()
	return net.HardwareAddr{0x02, 0xcb, a[0], a[1], a[2], a[3]}.String()
}

// Cut takes the cable out: nothing passes until Mend.
func (l Link) Cut(ctx context.Context) error { return ip(ctx, "link", "set", l.Veth, "down") }

// Mend puts the cable back. The kernel forgets no route on this side of it, since the
// far end stays up.
func (l Link) Mend(ctx context.Context) error { return ip(ctx, "link", "set", l.Veth, "up") }

// Remove takes away the cable and the namespace, whatever of them is there.
func (l Link) Remove(ctx context.Context) error {
	var errs []error
	if exists(l.Veth) {
		errs = append(errs, ip(ctx, "link", "del", l.Veth))
	}
	if Foreign(l.Namespace) {
		errs = append(errs, ip(ctx, "netns", "del", l.Namespace))
	}
	return errors.Join(errs...)
}

// Enter is the command line that runs argv inside a namespace, in the same process.
func Enter(name string, argv ...string) []string {
	return append([]string{"nsenter", "--net=" + Path(name), "--"}, argv...)
}

// Run runs a command inside a namespace to its end.
func Run(ctx context.Context, name string, argv ...string) error {
	return run(ctx, Enter(name, argv...)...)
}

func ip(ctx context.Context, args ...string) error {
	return run(ctx, append([]string{"ip"}, args...)...)
}

func run(ctx context.Context, argv ...string) error {
	out, err := exec.CommandContext(ctx, argv[0], argv[1:]...).CombinedOutput() //nolint:gosec // names are checked
	if err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(argv, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
