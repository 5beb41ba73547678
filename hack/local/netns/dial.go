package netns

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Dial connects from inside a namespace, to what listens on its loopback address.
func Dial(ctx context.Context, name, network, address string) (net.Conn, error) {
	type result struct {
		conn net.Conn
		err  error
	}
	done := make(chan result, 1)
	go func() {
		// The thread is never unlocked: it ends with the goroutine, and so nothing else
		// ever runs on a thread that is in another namespace.
		runtime.LockOSThread()
		if err := enter(name); err != nil {
			done <- result{err: err}
			return
		}
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		done <- result{conn: conn, err: err}
	}()
	r := <-done
	return r.conn, r.err
}

func enter(name string) error {
	f, err := os.Open(Path(name))
	if err != nil {
		return fmt.Errorf("enter namespace: %w", err)
	}
	defer func() { _ = f.Close() }()
	if err := unix.Setns(int(f.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter namespace %s: %w", name, err)
	}
	return nil
}
