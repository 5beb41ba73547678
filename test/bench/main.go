// Command bench measures Corbel's gates on a control-plane cluster that it makes for
// itself: latency, bursts, crashes, conflicts, memory and what waiting costs. It takes
// root and some minutes, and removes what it made, also after Ctrl-C.
//
//	go run ./test/bench                              # everything, as make bench does
//	go run ./test/bench --only latency,burst --burst 200 --samples 20
//	go run ./test/bench --with-peer ~/src/manual-approval-gate
//
// What each figure means is in docs/dev/benchmarks.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/corbel-dev/corbel/test/bench/measure"
)

func main() {
	if err := run(); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var o options
	cmd := &cobra.Command{
		Use:           "bench",
		Short:         "Measure Corbel's gates on a cluster of this machine",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if os.Geteuid() != 0 {
				return errors.New("it makes a real cluster on this machine, which takes root")
			}
			return o.bench(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	o.define(cmd)
	return cmd.ExecuteContext(ctx)
}

// options are the flags.
type options struct {
	measure.Settings
	only     []string
	cluster  string
	keep     bool
	out      string
	replicas int
}

func (o *options) define(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringSliceVar(&o.only, "only", nil, "measure only these: "+names())
	f.IntSliceVar(&o.Waiting, "waiting", []int{1, 100, 1000}, "gates that wait while latency is measured")
	f.IntVar(&o.Samples, "samples", 200, "decisions whose latency is measured; a quarter of them where no other gate waits")
	f.DurationVar(&o.Every, "every", 200*time.Millisecond, "time from one of these decisions to the next")
	f.IntVar(&o.Burst, "burst", 1000, "gates that are opened and decided at once, or wait idly")
	f.DurationVar(&o.BurstOver, "burst-over", 10*time.Second, "time over which their decisions are spread")
	f.IntVar(&o.Clients, "clients", 20, "users, each with a connection, who decide them")
	f.IntSliceVar(&o.Conflict, "conflict", []int{2, 10, 100}, "people who decide on one gate at once")
	f.IntSliceVar(&o.Memory, "memory", []int{1000, 10000}, "gates that wait while memory is measured")
	f.DurationVar(&o.IdleWindow, "idle-window", time.Minute, "how long idle gates are watched")
	f.IntVar(&o.PollRounds, "poll-rounds", 4, "decisions for each gate that polls a ConfigMap")
	f.StringVar(&o.Peer, "with-peer", "", "checkout of openshift-pipelines/manual-approval-gate, to be measured too")
	f.IntVar(&o.PeerBurst, "peer-burst", 200, "gates that are opened and decided at once for the peer")
	f.StringVar(&o.Profiles, "profiles", "", "folder for CPU and heap profiles of the controllers; taking them costs time")
	f.StringVar(&o.cluster, "cluster", "", "name of a cluster to use, which is made if need be and kept; default: one of its own")
	f.BoolVar(&o.keep, "keep", false, "keep the cluster")
	f.IntVar(&o.replicas, "replicas", 0, "replicas of controller and webhook; 0 for what config/ says")
	f.StringVar(&o.out, "out", "", "file for the results as JSON")
}
