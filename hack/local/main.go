// Command local makes real Kubernetes clusters with Tekton, and build hosts, on this
// machine: for the demo, for tests and for trying things. See hack/local/cluster.
//
//	go run ./hack/local up NAME          # a cluster with a node; --mode control-plane: without
//	go run ./hack/local install NAME     # this checkout's config/ on it
//	eval "$(go run ./hack/local shell-env NAME)"
//	go run ./hack/local down             # everything, from any state
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	if err := run(); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := &cobra.Command{
		Use:           "local",
		Short:         "Real Kubernetes clusters with Tekton, and build hosts, on this machine",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(up(), down(), status(), kubeconfig(), install(), triggers(), shellEnv(), hostUp())
	return root.ExecuteContext(ctx)
}
