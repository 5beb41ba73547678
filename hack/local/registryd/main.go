// Command registryd is the image registry of hack/local: one folder on disk, plain
// HTTP, on this machine's own addresses. Unlike the registry that it is made from, it
// keeps manifests over a restart, so that an image is pushed once.
package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

func main() {
	dir := flag.String("dir", "", "folder to keep images in")
	listen := flag.String("listen", "127.0.0.1:5000", "addresses to serve, with commas between")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *dir, strings.Split(*listen, ",")); err != nil {
		log.Println("registryd:", err)
		os.Exit(1) //nolint:gocritic // stop only restores signals
	}
}

func run(ctx context.Context, dir string, addresses []string) error {
	blobs := filepath.Join(dir, "blobs")
	if err := os.MkdirAll(blobs, 0o755); err != nil {
		return err
	}
	// It would log each blob that is looked for before it is pushed.
	quiet := log.New(io.Discard, "", 0)
	handler, err := keep(filepath.Join(dir, "manifests"),
		registry.New(registry.WithBlobHandler(registry.NewDiskBlobHandler(blobs)), registry.Logger(quiet)))
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, address := range addresses {
		// The bridge may come after the registry, and go and come again.
		config := net.ListenConfig{Control: bindToAbsent}
		l, err := config.Listen(ctx, "tcp", address)
		if err != nil {
			return err
		}
		server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
		group.Go(func() error { return server.Serve(l) })
		group.Go(func() error { <-ctx.Done(); return server.Close() })
	}
	if err := group.Wait(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func bindToAbsent(_, _ string, conn syscall.RawConn) error {
	var failed error
	err := conn.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_FREEBIND, 1)
	})
	return errors.Join(err, failed)
}
