package netns

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"slices"

	"github.com/corbel-dev/corbel/hack/local/state"
)

// Wan is the bridge that joins the clusters and hosts of one root to each other and
// to this machine.
type Wan struct {
	Bridge string         `json:"bridge"`
	Prefix netip.Prefix   `json:"prefix"`
	Taken  map[string]int `json:"taken"` // last octet by owner

	root state.Root
}

const (
	hostOctet  = 1
	firstOctet = 11
	lastOctet  = 250
)

// planned derives bridge and subnet from the root, so that roots do not collide.
func planned(root state.Root) Wan {
	if root.IsDefault() {
		return Wan{Bridge: "corbel0", Prefix: netip.MustParsePrefix("10.99.0.0/24"), root: root}
	}
	sum := sha256.Sum256([]byte(root.Dir))
	prefix := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 100 + sum[0]%90, sum[1], 0}), 24)
	return Wan{Bridge: "corbel" + hex.EncodeToString(sum[2:6]), Prefix: prefix, root: root}
}

// OpenWan reads the bridge's record, or plans it. Callers hold the root's lock.
func OpenWan(root state.Root) (*Wan, error) {
	w := planned(root)
	err := state.Load(w.path(), &w)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	w.root = root
	if w.Taken == nil {
		w.Taken = map[string]int{}
	}
	return &w, nil
}

func (w *Wan) path() string { return w.root.Path("wan.json") }

// Address is this machine's own end of the bridge.
func (w *Wan) Address() netip.Addr { return w.at(hostOctet) }

func (w *Wan) at(octet int) netip.Addr {
	a := w.Prefix.Addr().As4()
	a[3] = byte(octet)
	return netip.AddrFrom4(a)
}

// Ensure makes the bridge when it is not there.
func (w *Wan) Ensure(ctx context.Context) error {
	if err := state.Save(w.path(), w); err != nil {
		return err
	}
	if !exists(w.Bridge) {
		if err := ip(ctx, "link", "add", w.Bridge, "type", "bridge"); err != nil {
			return err
		}
	}
	address := netip.PrefixFrom(w.Address(), w.Prefix.Bits()).String()
	if err := ip(ctx, "addr", "replace", address, "dev", w.Bridge); err != nil {
		return err
	}
	return ip(ctx, "link", "set", w.Bridge, "up")
}

// Reserve gives owner an address and keeps it until Release.
func (w *Wan) Reserve(owner string) (netip.Addr, error) {
	if n, ok := w.Taken[owner]; ok {
		return w.at(n), nil
	}
	used := make([]int, 0, len(w.Taken))
	for _, n := range w.Taken {
		used = append(used, n)
	}
	for n := firstOctet; n <= lastOctet; n++ {
		if !slices.Contains(used, n) {
			w.Taken[owner] = n
			return w.at(n), state.Save(w.path(), w)
		}
	}
	return netip.Addr{}, fmt.Errorf("no free address on %s", w.Prefix)
}

// Of is the address that owner has.
func (w *Wan) Of(owner string) (netip.Addr, bool) {
	n, ok := w.Taken[owner]
	return w.at(n), ok
}

// Release gives the address back, and takes the bridge down with the last one.
func (w *Wan) Release(ctx context.Context, owner string) error {
	delete(w.Taken, owner)
	if !w.Empty() {
		return state.Save(w.path(), w)
	}
	if exists(w.Bridge) {
		if err := ip(ctx, "link", "del", w.Bridge); err != nil {
			return err
		}
	}
	if err := os.Remove(w.path()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget bridge: %w", err)
	}
	return nil
}

// Empty is true when nothing is on the bridge.
func (w *Wan) Empty() bool { return len(w.Taken) == 0 }

// exists asks the kernel whether this machine has an interface of that name.
func exists(link string) bool {
	_, err := os.Stat("/sys/class/net/" + link)
	return err == nil
}
