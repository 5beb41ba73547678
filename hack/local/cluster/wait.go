package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/corbel-dev/corbel/hack/local/netns"
)

const patience = 90 * time.Second

// permanent ends a wait.
type permanent struct{ error }

// eventually repeats try until it succeeds, and says the last reason when it does not.
func (c *Cluster) eventually(ctx context.Context, what string, try func(context.Context) error) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		if last = try(ctx); last == nil {
			return true, nil
		}
		if p, ok := last.(permanent); ok { //nolint:errorlint // never wrapped
			return false, p.error
		}
		return false, nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, errors.Join(err, last))
	}
	return nil
}

// answering waits until a process takes connections, on an address inside the cluster
// or on a socket.
func (c *Cluster) answering(ctx context.Context, process, network, address string) error {
	return c.eventually(ctx, process+" answering", func(ctx context.Context) error {
		if p, ok := c.Process(process); !ok || !p.Running() {
			return permanent{fmt.Errorf("%s has ended, see %s", process, p.LogPath())}
		}
		conn, err := netns.Dial(ctx, c.record.Link.Namespace, network, address)
		if err != nil {
			return err
		}
		return conn.Close()
	})
}
