package admission_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/corbel-dev/corbel/hack/local/cluster"
)

const (
	// clusterVariable names a cluster to use and to leave running.
	clusterVariable = "CORBEL_TEST_CLUSTER"
	patience        = time.Minute
)

// world is the cluster that all tests of this package share.
var world *cluster.Cluster

func TestMain(m *testing.M) {
	if os.Geteuid() != 0 {
		fmt.Fprintln(os.Stderr, "SKIPPED: the attack tests make a real cluster on this machine, which takes root. NOTHING WAS TESTED.")
		if os.Getenv("CI") != "" {
			os.Exit(1)
		}
		return
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "admission:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	name, shared := os.LookupEnv(clusterVariable)
	if !shared {
		name = "admission"
	}
	world, err = cluster.Up(ctx, cluster.Config{Name: name, Mode: cluster.ControlPlane, WithTekton: true, Log: os.Stderr})
	if err != nil {
		return 1, err
	}
	if !shared {
		defer func() { err = errors.Join(err, world.Down(context.WithoutCancel(ctx))) }()
	}
	if err := install(ctx); err != nil {
		return 1, err
	}
	return m.Run(), nil
}
