package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/corbel-dev/corbel/hack/demo/story"
	"github.com/corbel-dev/corbel/hack/local/cluster"
)

const (
	// clusterVariable names a cluster to use and to leave running.
	clusterVariable = "CORBEL_TEST_CLUSTER"
	// keepVariable leaves the tests' own cluster running.
	keepVariable = "CORBEL_TEST_KEEP"
)

var (
	theStage *story.Stage
	// installed is false while Corbel is not on the cluster.
	installed bool
)

func TestMain(m *testing.M) {
	if os.Geteuid() != 0 {
		fmt.Fprintln(os.Stderr, "SKIPPED: the end-to-end tests make a real cluster on this machine, which takes root. NOTHING WAS TESTED.")
		if os.Getenv("CI") != "" {
			os.Exit(1)
		}
		return
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
	defer cancel()
	name, shared := os.LookupEnv(clusterVariable)
	if !shared {
		name = "e2e"
	}
	world, err := cluster.Up(ctx, cluster.Config{Name: name, Mode: cluster.Node, WithTekton: true, Log: os.Stderr})
	if err != nil {
		return 1, err
	}
	if !shared && os.Getenv(keepVariable) != "1" {
		defer func() { err = errors.Join(err, world.Down(context.WithoutCancel(ctx))) }()
	}
	if theStage, err = story.OnLocal(ctx, world, os.Stderr); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// stage is the cluster with Corbel on it; what is done is in the test's log.
func stage(t *testing.T) *story.Stage {
	t.Helper()
	s := theStage.Showing(t.Output())
	if !installed {
		must(t, s.Install(t.Context()))
		installed = true
	}
	return s
}

// prepared is the cluster with the namespace of the demo.
func prepared(t *testing.T) *story.Stage {
	t.Helper()
	s := stage(t)
	must(t, s.Prepare(t.Context()))
	return s
}

// waiting starts the demo's pipeline, and returns when it waits at its gate.
func waiting(t *testing.T, s *story.Stage) (run, request string) {
	t.Helper()
	run, err := s.Begin(t.Context())
	must(t, err)
	request, err = s.Await(t.Context(), run)
	must(t, err)
	return run, request
}

// alice is the one who may approve in the demo.
func alice(t *testing.T, s *story.Stage) story.Shell {
	t.Helper()
	return person(t, s, story.Approver, story.ApproverGroup)
}

func person(t *testing.T, s *story.Stage, name string, groups ...string) story.Shell {
	t.Helper()
	shell, err := s.As(name, groups...)
	must(t, err)
	return shell
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
