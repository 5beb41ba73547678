package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"k8s.io/utils/clock"

	"github.com/corbel-dev/corbel/pkg/logs"
	"github.com/corbel-dev/corbel/pkg/logs/logstest"
	"github.com/corbel-dev/corbel/pkg/logs/server"
	"github.com/corbel-dev/corbel/pkg/logs/upload"
)

// program is the real one, in a process of its own, on one port and one folder.
type program struct {
	binary, dir, root, address string
	authority                  *logstest.Authority
	process                    *exec.Cmd
	output                     bytes.Buffer
}

func newProgram(t *testing.T) *program {
	t.Helper()
	p := &program{dir: t.TempDir(), root: t.TempDir(), authority: logstest.NewAuthority(t)}
	p.binary = filepath.Join(p.dir, "logs")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", p.binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	logstest.Write(t, p.dir, p.authority.Issue(t, logstest.Subject{Name: "logs", Server: true}))
	p.authority.WriteAuthority(t, filepath.Join(p.dir, "ca.crt"))
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // to find a free port
	if err != nil {
		t.Fatal(err)
	}
	p.address = listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.end(t, syscall.SIGKILL) })
	return p
}

func (p *program) start(t *testing.T) {
	t.Helper()
	p.process = exec.CommandContext(context.Background(), p.binary,
		"--address", p.address, "--root", p.root, "--tokens=false",
		"--cert", filepath.Join(p.dir, "tls.crt"), "--key", filepath.Join(p.dir, "tls.key"),
		"--client-ca", filepath.Join(p.dir, "ca.crt"))
	p.process.Stdout, p.process.Stderr = &p.output, &p.output
	if err := p.process.Start(); err != nil {
		t.Fatal(err)
	}
	client := p.authority.Client(t)
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		resp, err := client.Get("https://" + p.address + "/readyz") //nolint:noctx // the loop has an end
		if err == nil {
			_ = resp.Body.Close()
			return
		}
		if time.Now().After(end) {
			t.Fatalf("it does not start: %v", err)
		}
	}
}

// end sends a signal and waits for the process.
func (p *program) end(t *testing.T, signal os.Signal) {
	t.Helper()
	if p.process == nil {
		return
	}
	if err := p.process.Process.Signal(signal); err != nil {
		t.Error(err)
	}
	err := p.process.Wait()
	if p.process = nil; signal == syscall.SIGTERM && err != nil {
		t.Errorf("it ends with %v:\n%s", err, p.output.String())
	}
}

// follower reads a log to its end. When it is cut off it begins anew, and what it
// saw before must come again.
func follower(ctx context.Context, client *http.Client, url string) ([]byte, int, error) {
	var have []byte
	for cuts := 0; ; cuts++ {
		at, err := 0, error(nil)
		have, at, err = followOnce(ctx, client, url, have)
		if err == nil && at < len(have) {
			return have, cuts, fmt.Errorf("the log ends at %d, before it had %d", at, len(have))
		}
		if err == nil || ctx.Err() != nil || errors.Is(err, errDiffers) {
			return have, cuts, err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

var errDiffers = errors.New("other bytes than before")

func followOnce(ctx context.Context, client *http.Client, url string, have []byte) ([]byte, int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return have, 0, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return have, 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return have, 0, errors.New(resp.Status)
	}
	at, buf := 0, make([]byte, 32<<10)
	for {
		n, err := resp.Body.Read(buf)
		known := min(n, len(have)-at)
		if !bytes.Equal(buf[:known], have[at:at+known]) {
			return have, at, errDiffers
		}
		have, at = append(have, buf[known:n]...), at+n
		if errors.Is(err, io.EOF) {
			return have, at, nil
		}
		if err != nil {
			return have, at, err
		}
	}
}

// TestKilledInMidStream kills the program again and again while a build writes, an
// uploader sends and followers read: all of them end with the same bytes.
func TestKilledInMidStream(t *testing.T) {
	const kills, followers, size = 6, 8, 3 << 20
	p := newProgram(t)
	p.start(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	random := rand.New(rand.NewPCG(5, 6))
	all := make([]byte, size)
	for i := range all {
		all[i] = byte(random.IntN(256))
	}
	spool, err := upload.OpenSpool(filepath.Join(t.TempDir(), "spool"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = spool.Close() }()
	var work sync.WaitGroup
	var uploaded error
	work.Go(func() {
		agent := p.authority.Issue(t, logstest.Subject{Name: "corbel:edge:agent", Organizations: []string{"corbel:edge"}})
		u := &upload.Uploader{Client: p.authority.Client(t, agent), URL: "https://" + p.address, Clock: clock.RealClock{}}
		uploaded = u.Upload(ctx, upload.Target{
			Name: logs.Name{Source: "edge", Run: "r1", Pod: "app", Container: "step-build"}, Namespace: "shop",
		}, spool)
	})
	got, cuts, errs := make([][]byte, followers), make([]int, followers), make([]error, followers)
	for i := range followers {
		work.Go(func() {
			api := p.authority.Issue(t, logstest.Subject{Name: "kube-apiserver-kubelet-client"})
			got[i], cuts[i], errs[i] = follower(ctx, p.authority.Client(t, api), "https://"+p.address+"/containerLogs/shop/app/step-build?follow=true")
		})
	}
	for kill := range kills {
		from, to := kill*size/kills, (kill+1)*size/kills
		for at := from; at < to; {
			n := min(to-at, 1+random.IntN(8<<10))
			if _, err := spool.Write(all[at : at+n]); err != nil {
				t.Fatal(err)
			}
			at += n
			time.Sleep(time.Millisecond)
		}
		p.end(t, syscall.SIGKILL)
		p.start(t)
	}
	spool.Finish()
	work.Wait()
	if uploaded != nil {
		t.Fatalf("upload: %v\n%s", uploaded, p.output.String())
	}
	for i := range followers {
		if errs[i] != nil || !bytes.Equal(got[i], all) {
			t.Errorf("follower %d has %d bytes, want %d: %v", i, len(got[i]), size, errs[i])
		}
	}
	t.Logf("%d kills; the followers were cut off %v times", kills, cuts)
	p.end(t, syscall.SIGTERM)
}

func TestFlags(t *testing.T) {
	for what, tc := range map[string]struct {
		args []string
		want string
	}{
		"an unknown flag":       {[]string{"--nothing"}, "unknown flag"},
		"a writer of no source": {[]string{"--writer", "x"}, "write source=user"},
		"no API server":         {[]string{"--kubeconfig", "/none"}, "API server that reviews tokens"},
		"no certificate":        {[]string{"--tokens=false", "--address", "127.0.0.1:0", "--cert", "/none", "--root", t.TempDir()}, "serving certificate"},
	} {
		if err := run(t.Context(), tc.args); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
	var c server.Config
	if _, err := parse([]string{"--reader", "a", "--reader", "b"}, &c); err != nil || strings.Join(c.Readers, " ") != "a b" {
		t.Errorf("readers %v, %v", c.Readers, err)
	}
}
