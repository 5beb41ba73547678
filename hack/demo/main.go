// Command demo shows Corbel at work on a real cluster: a pipeline waits at a gate,
// one who may not open it is refused, one who may opens it, and the pipeline goes on.
//
//	go run ./hack/demo up      # on a cluster that it makes (root)
//	go run ./hack/demo down
//
// With KUBECONFIG and KO_DOCKER_REPO set it plays on that cluster, which has Tekton,
// and people are played by impersonation. CORBEL_DEMO_IMAGE names the image of the
// steps there, any with a shell.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/corbel-dev/corbel/hack/demo/story"
	"github.com/corbel-dev/corbel/hack/local/cluster"
	"github.com/corbel-dev/corbel/hack/local/host"
)

// name of the cluster that the demo makes.
const name = "demo"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Stdout, os.Args[1:])
	stop()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, args []string) error {
	if len(args) == 1 && args[0] == "up" {
		return up(ctx, out)
	}
	if len(args) == 1 && args[0] == "down" {
		return down(ctx, out)
	}
	return errors.New("usage: go run ./hack/demo up|down")
}

func up(ctx context.Context, out io.Writer) error {
	began := time.Now()
	stage, err := open(ctx, out)
	if err != nil {
		return err
	}
	ready := time.Now()
	if err := tell(ctx, stage, out); err != nil {
		return err
	}
	farewell(stage, out)
	_, _ = fmt.Fprintf(out, "\nReady to play after %s, played in %s.\n", round(ready.Sub(began)), round(time.Since(ready)))
	return nil
}

// open makes a cluster, or takes the one that the environment names.
func open(ctx context.Context, out io.Writer) (*story.Stage, error) {
	if story.OwnCluster() {
		_, _ = fmt.Fprintln(out, "Playing on the cluster of KUBECONFIG. Alice and mallory are impersonated (--as), which takes an administrator.")
		return story.OnOwn(ctx, out)
	}
	heading(out, "Make a Kubernetes cluster with a node, and install Tekton")
	c, err := cluster.Up(ctx, cluster.Config{Name: name, Mode: cluster.Node, WithTekton: true, Log: out})
	if err != nil {
		return nil, err
	}
	return story.OnLocal(ctx, c, out)
}

func down(ctx context.Context, out io.Writer) error {
	if story.OwnCluster() {
		stage, err := story.OnOwn(ctx, out)
		if err != nil {
			return err
		}
		return stage.Clear(ctx)
	}
	if err := cluster.Down(ctx, cluster.Config{Name: name, Log: out}); err != nil {
		return err
	}
	clusters, err := cluster.List()
	if err != nil {
		return err
	}
	hosts, err := host.List()
	if err != nil || len(clusters)+len(hosts) > 0 {
		return err
	}
	return cluster.StopRegistry() //nolint:contextcheck // at once
}

func heading(out io.Writer, text string) {
	_, _ = fmt.Fprintf(out, "\n=== %s\n", text)
}

func round(d time.Duration) time.Duration { return d.Round(time.Second) }
