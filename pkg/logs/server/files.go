package server

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
	"k8s.io/utils/clock"
)

// lookEvery is how often files are looked at, at most.
const lookEvery = time.Second

// reloading is a value made of files. It is made anew when they change; one that
// cannot be made, as between the writing of a certificate and of its key, leaves
// the last one in place.
type reloading[T any] struct {
	paths []string
	load  func() (T, error)
	clock clock.PassiveClock
	log   *zap.SugaredLogger

	mu     sync.Mutex
	value  T
	stamp  []string
	looked time.Time
}

// start loads for the first time, which must succeed.
func (r *reloading[T]) start() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	stamp, err := r.look()
	if err != nil {
		return err
	}
	if r.value, err = r.load(); err != nil {
		return err
	}
	r.stamp, r.looked = stamp, r.clock.Now()
	return nil
}

func (r *reloading[T]) get() T {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.clock.Now()
	if since := now.Sub(r.looked); since >= 0 && since < lookEvery {
		return r.value
	}
	r.looked = now
	stamp, err := r.look()
	if err == nil && slices.Equal(stamp, r.stamp) {
		return r.value
	}
	var value T
	if err == nil {
		value, err = r.load()
	}
	if err != nil {
		r.log.Warnw("files have changed and cannot be used; what they said before counts on", "files", r.paths, "error", err)
		return r.value
	}
	r.log.Infow("files have changed and were read again", "files", r.paths)
	r.value, r.stamp = value, stamp
	return value
}

// look tells one version of the files from another.
func (r *reloading[T]) look() ([]string, error) {
	var out []string
	for _, path := range r.paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		out = append(out, fmt.Sprint(info.ModTime().UnixNano(), info.Size()))
	}
	return out, nil
}

func (c *Config) certificate() *reloading[*tls.Certificate] {
	return &reloading[*tls.Certificate]{
		paths: []string{c.CertFile, c.KeyFile}, clock: c.Clock, log: c.Log,
		load: func() (*tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
			return &pair, err
		},
	}
}

func (c *Config) authorities() *reloading[*x509.CertPool] {
	return &reloading[*x509.CertPool]{
		paths: []string{c.ClientCAFile}, clock: c.Clock, log: c.Log,
		load: func() (*x509.CertPool, error) {
			raw, err := os.ReadFile(c.ClientCAFile)
			if err != nil {
				return nil, err
			}
			pool := x509.NewCertPool()
			if !pool.AppendCertsFromPEM(raw) {
				return nil, fmt.Errorf("%s has no certificate", c.ClientCAFile)
			}
			return pool, nil
		},
	}
}
