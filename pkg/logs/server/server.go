package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/corbel-dev/corbel/pkg/logs"
	"github.com/corbel-dev/corbel/pkg/logs/ingest"
	"github.com/corbel-dev/corbel/pkg/logs/kubelet"
)

const (
	// headTime is how long a client may take to say what it wants.
	headTime = 10 * time.Second
	// idleTime is how long a connection without requests is kept.
	idleTime = 2 * time.Minute
	// grace is how long requests may go on when the service ends.
	grace = 10 * time.Second
)

// Run serves until ctx ends, and then ends in good order.
func Run(ctx context.Context, c Config) error {
	defer c.Listener.Close()                                                                  //nolint:errcheck // the server closes it, unless it never ran
	store, err := logs.NewStore(c.Root, logs.Options{MaxStream: c.MaxStream, Clock: c.Clock}) //nolint:contextcheck // to open a folder takes none
	if err != nil {
		return err
	}
	certificate := c.certificate()
	if err := certificate.start(); err != nil {
		return fmt.Errorf("serving certificate: %w", err)
	}
	d, err := c.doors()
	if err != nil {
		return err
	}
	ending := new(atomic.Bool)
	requests, breakOff := context.WithCancel(context.WithoutCancel(ctx))
	defer breakOff()
	server := &http.Server{
		Handler:           c.handler(store, d, ending),
		ReadHeaderTimeout: headTime,
		IdleTimeout:       idleTime,
		BaseContext:       func(net.Listener) context.Context { return requests },
		ErrorLog:          zap.NewStdLog(c.Log.Desugar()),
		TLSConfig: &tls.Config{
			MinVersion:     tls.VersionTLS12,
			ClientAuth:     tls.RequestClientCert, // judged with each request
			GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return certificate.get(), nil },
		},
	}
	sweeping, swept := context.WithCancel(ctx)
	var background sync.WaitGroup
	background.Go(func() { c.sweep(sweeping, store) })
	err = c.serve(ctx, server, func() {
		ending.Store(true)
		breakOff()
	})
	swept()
	background.Wait()
	return err
}

// handler serves everything on one port.
func (c *Config) handler(store *logs.Store, d *doors, ending *atomic.Bool) http.Handler {
	readers := &kubelet.Server{Logs: store, Resolver: store, Auth: d.readers(c.Readers), Clock: c.Clock}
	in := &ingest.Server{Store: store, Auth: &writers{d.certificates, d.tokens, c.Writers}}
	mux := http.NewServeMux()
	mux.Handle("/", readers.Handler())
	mux.Handle("/logs/", in.Handler())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if ending.Load() {
			say(w, http.StatusServiceUnavailable, "ending")
			return
		}
		say(w, http.StatusOK, "ok")
	})
	return mux
}

// serve returns when the server has ended: by itself, which is an error, or with ctx.
func (c *Config) serve(ctx context.Context, server *http.Server, ending func()) error {
	failed := make(chan error, 1)
	go func() { failed <- server.ServeTLS(c.Listener, "", "") }()
	c.Log.Infow("the log service takes requests", "address", c.Listener.Addr().String(), "root", c.Root)
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	c.Log.Infow("the log service ends", "grace", grace.String())
	ending()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := server.Shutdown(last); err != nil {
		c.Log.Warnw("some requests did not end in time", "error", err)
		return server.Close()
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// sweep applies retention, now and again, until ctx ends.
func (c *Config) sweep(ctx context.Context, store *logs.Store) {
	ticker := c.Clock.NewTicker(c.SweepEvery)
	defer ticker.Stop()
	for {
		removed, err := store.Sweep(ctx, c.Retention)
		if err != nil && ctx.Err() == nil {
			c.Log.Errorw("retention failed", "error", err)
		}
		if removed > 0 {
			c.Log.Infow("retention removed logs", "streams", removed)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C():
		}
	}
}

func say(w http.ResponseWriter, code int, text string) {
	w.WriteHeader(code)
	_, _ = io.WriteString(w, text) // the caller has gone
}
