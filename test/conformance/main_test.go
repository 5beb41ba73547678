package conformance

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/corbel-dev/corbel/hack/local/cluster"
)

const (
	// clusterVariable names a cluster to use and to leave running.
	clusterVariable = "CORBEL_TEST_CLUSTER"
	// keepVariable leaves the suite's own cluster running.
	keepVariable = "CORBEL_TEST_KEEP"

	systemNamespace = "corbel-system"
	controllerName  = "corbel-controller"
	replicas        = 2
)

var (
	world  *cluster.Cluster
	events *sink
)

func TestMain(m *testing.M) {
	if os.Geteuid() != 0 {
		fmt.Fprintln(os.Stderr, "SKIPPED: the conformance suite makes a real cluster on this machine, which takes root. NOTHING WAS TESTED.")
		if os.Getenv("CI") != "" {
			os.Exit(1)
		}
		return
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	name, shared := os.LookupEnv(clusterVariable)
	if !shared {
		name = "conformance"
	}
	world, err = cluster.Up(ctx, cluster.Config{Name: name, Mode: cluster.ControlPlane, WithTekton: true, Log: os.Stderr})
	if err != nil {
		return 1, err
	}
	if !shared && os.Getenv(keepVariable) != "1" {
		defer func() { err = errors.Join(err, world.Down(context.WithoutCancel(ctx))) }()
	}
	if err := world.InstallCorbel(ctx, cluster.CorbelOptions{Replicas: replicas}); err != nil {
		return 1, err
	}
	if events, err = openSink(ctx); err != nil {
		return 1, err
	}
	defer events.close()
	flag.Parse()
	// The stories wait far more than they work.
	if err := flag.Set("test.parallel", "24"); err != nil {
		return 1, err
	}
	code = m.Run()
	printTable(os.Stdout)
	return code, nil
}
