package image

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/corbel-dev/corbel/hack/local/build"
	"github.com/corbel-dev/corbel/hack/local/netns"
	"github.com/corbel-dev/corbel/hack/local/proc"
	"github.com/corbel-dev/corbel/hack/local/state"
)

const (
	process   = "registry"
	firstPort = 5000
	lastPort  = 5099
)

// Registry is the one registry of a root. It has two addresses, as a loopback address
// means another machine in each network namespace.
type Registry struct {
	// Local is for programs on this machine.
	Local string
	// Wan is for clusters and hosts, and works from everywhere.
	Wan string
}

// saved keeps the port: references to images contain it.
type saved struct {
	Port int `json:"port"`
}

// Serve starts the registry, or finds it running.
func Serve(ctx context.Context, root state.Root) (Registry, error) {
	unlock, err := state.Lock(ctx, root.Path("locks", "registry"))
	if err != nil {
		return Registry{}, err
	}
	defer unlock()
	wan, err := netns.OpenWan(root)
	if err != nil {
		return Registry{}, err
	}
	p, ok := proc.Find(root.Path("proc"), process)
	running := ok && p.Running()
	port, err := choosePort(ctx, root, running)
	if err != nil {
		return Registry{}, err
	}
	r := Registry{Local: "localhost:" + port, Wan: net.JoinHostPort(wan.Address().String(), port)}
	if !running {
		if err := r.start(ctx, root, port); err != nil {
			return Registry{}, err
		}
	}
	return r, r.wait(ctx)
}

func (r Registry) start(ctx context.Context, root state.Root, port string) error {
	path, err := build.Tool(ctx, "registryd")
	if err != nil {
		return err
	}
	dir, err := state.Cache("registry")
	if err != nil {
		return err
	}
	_, err = proc.Start(root.Path("proc"), proc.Spec{
		Name: process,
		Path: path,
		Args: []string{"-dir=" + dir, "-listen=127.0.0.1:" + port + "," + r.Wan},
	})
	return err
}

func (r Registry) wait(ctx context.Context) error {
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, 20*time.Second, true, func(ctx context.Context) (bool, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.Local+"/v2/", nil)
		if err != nil {
			return false, err
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return false, nil //nolint:nilerr // not up yet
		}
		return answer.StatusCode == http.StatusOK, answer.Body.Close()
	})
	if err != nil {
		return fmt.Errorf("registry on %s: %w", r.Local, err)
	}
	return nil
}

// Stop ends the registry; its images stay in the cache.
func Stop(ctx context.Context, root state.Root) error {
	p, ok := proc.Find(root.Path("proc"), process)
	if !ok {
		return nil
	}
	if err := p.End(ctx); err != nil {
		return err
	}
	return p.Forget()
}

// choosePort keeps the port of before when it can: another program may have taken it.
func choosePort(ctx context.Context, root state.Root, running bool) (string, error) {
	file := root.Path("registry.json")
	s := saved{Port: firstPort}
	if err := state.Load(file, &s); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if running {
		return strconv.Itoa(s.Port), nil
	}
	if wanted, err := strconv.Atoi(os.Getenv("CORBEL_REGISTRY_PORT")); err == nil {
		s.Port = wanted
	}
	for ; s.Port <= lastPort; s.Port++ {
		port := strconv.Itoa(s.Port)
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:"+port)
		if err != nil {
			continue
		}
		return port, errors.Join(l.Close(), state.Save(file, s))
	}
	return "", fmt.Errorf("no free port for a registry up to %d, set CORBEL_REGISTRY_PORT", lastPort)
}
