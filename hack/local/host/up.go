package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/corbel-dev/corbel/hack/local/debian"
	"github.com/corbel-dev/corbel/hack/local/image"
	"github.com/corbel-dev/corbel/hack/local/netns"
	"github.com/corbel-dev/corbel/hack/local/node"
	"github.com/corbel-dev/corbel/hack/local/proc"
	"github.com/corbel-dev/corbel/hack/local/progress"
	"github.com/corbel-dev/corbel/hack/local/state"
)

// Up makes the host, or finds it running.
func Up(ctx context.Context, cfg Config) (*Host, error) {
	if len(cfg.Users) == 0 {
		cfg.Users = []string{"builder"}
	}
	for _, name := range append([]string{cfg.Name}, cfg.Users...) {
		if err := state.CheckName(name); err != nil {
			return nil, err
		}
	}
	if os.Geteuid() != 0 {
		return nil, errors.New("namespaces need root")
	}
	root := state.Default()
	unlock, err := state.Lock(ctx, root.Path("locks", kind+"-"+cfg.Name))
	if err != nil {
		return nil, err
	}
	defer unlock()
	h, err := find(root, cfg.Name)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	known := err == nil
	h.log = progress.New(cfg.Log, cfg.Name)
	if !known && netns.Foreign(cfg.Name) {
		return nil, fmt.Errorf("host %s: a network namespace of that name exists and is not ours", cfg.Name)
	}
	h.record.Config = cfg
	err = h.log.Step("host ready", func() error {
		for _, do := range []func(context.Context) error{h.packages, h.connect, h.furnish, h.boot} {
			if err := do(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	return h, err
}

func (h *Host) packages(ctx context.Context) error {
	return debian.Need(ctx, h.log, debian.Host()...)
}

// connect records the host and gives it a network.
func (h *Host) connect(ctx context.Context) error {
	unlock, err := state.Lock(ctx, h.root.Path("locks", "wan"))
	if err != nil {
		return err
	}
	defer unlock()
	wan, err := netns.OpenWan(h.root)
	if err != nil {
		return err
	}
	address, err := wan.Reserve(kind + "/" + h.Name())
	if err != nil {
		return err
	}
	if err := wan.Ensure(ctx); err != nil {
		return err
	}
	h.record.Link = wan.Plan(h.Name(), address)
	if err := h.save(); err != nil {
		return err
	}
	return wan.Join(ctx, h.record.Link)
}

func (h *Host) save() error { return state.Save(h.path("host.json"), h.record) }

// boot starts the host's first process, which is sshd, and waits until it answers.
func (h *Host) boot(ctx context.Context) error {
	if err := h.group().Create(); err != nil {
		return err
	}
	p, err := proc.Start(h.path("proc"), proc.Spec{
		Name: daemon,
		Path: "unshare",
		// Its own process table ends with its first process: that is the power switch.
		Args: []string{
			"--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc",
			"sh", "-e", h.path("boot.sh"),
		},
		Namespace: h.record.Link.Namespace,
	})
	if err != nil {
		return err
	}
	address := net.JoinHostPort(h.Address(), port)
	err = wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, 20*time.Second, true, func(ctx context.Context) (bool, error) {
		if !p.Running() {
			return false, fmt.Errorf("host %s has ended, see %s", h.Name(), p.LogPath())
		}
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return false, nil //nolint:nilerr // not up yet
		}
		return true, conn.Close()
	})
	if err != nil {
		return fmt.Errorf("sshd on %s: %w", address, err)
	}
	return nil
}

// Down removes a host from any state. What is not there is no error.
func Down(ctx context.Context, cfg Config) error {
	h, err := find(state.Default(), cfg.Name)
	if h == nil {
		return err
	}
	// A record that cannot be read is no reason to stop: all follows from the name.
	h.log = progress.New(cfg.Log, cfg.Name)
	return h.Down(ctx)
}

// Down ends all that runs on the host and removes what it was made of.
func (h *Host) Down(ctx context.Context) error {
	unlock, err := state.Lock(ctx, h.root.Path("locks", kind+"-"+h.Name()))
	if err != nil {
		return err
	}
	defer unlock()
	return h.log.Step("host removed", func() error {
		err := errors.Join(h.PowerOff(ctx), proc.KillAll(func() []int { return proc.Marked(h.path()) }))
		if err != nil {
			return err
		}
		if err := errors.Join(h.group().Remove(ctx), node.Sweep(h.path()), h.leave(ctx)); err != nil {
			return err
		}
		return os.RemoveAll(h.path())
	})
}

func (h *Host) leave(ctx context.Context) error {
	unlock, err := state.Lock(ctx, h.root.Path("locks", "wan"))
	if err != nil {
		return err
	}
	defer unlock()
	wan, err := netns.OpenWan(h.root)
	if err != nil {
		return err
	}
	// A namespace for which no address was reserved is another's.
	if address, ours := wan.Of(kind + "/" + h.Name()); ours {
		if err := wan.Plan(h.Name(), address).Remove(ctx); err != nil {
			return err
		}
	}
	if err := wan.Release(ctx, kind+"/"+h.Name()); err != nil {
		return err
	}
	if wan.Empty() {
		return image.Stop(ctx, h.root)
	}
	return nil
}
