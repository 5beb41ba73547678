package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/utils/clock"

	"github.com/corbel-dev/corbel/pkg/cli/story"
)

// Exit codes. All other failures are ExitFailure.
const (
	ExitFailure = 1
	// ExitNotYet is a decision that is stored, but was not counted before the wait ended.
	ExitNotYet = 3
)

// Options is what main hands in.
type Options struct {
	// Clock tells the time and wakes those who wait.
	Clock clock.Clock
	// Connect opens the way to a cluster.
	Connect func(Target) (*Connection, error)
	// Version of this build.
	Version string
}

// app is what all commands share.
type app struct {
	Options
	target Target
}

// exitError is an error with an exit code of its own.
type exitError struct {
	code int
	error
}

func (e exitError) Unwrap() error { return e.error }

// NewRoot builds the whole tree of commands.
func NewRoot(o Options) *cobra.Command {
	a := &app{Options: o}
	root := &cobra.Command{
		Use:   "tkn-corbel",
		Short: "Decide about gates in Tekton pipelines, and see why they wait",
		Long: "Decide about gates in Tekton pipelines, and see why they wait.\n\n" +
			"Runs as a plugin (tkn corbel …, flags after the word corbel) and by itself (tkn-corbel …).",
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "tkn corbel"},
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	a.target.bind(root.PersistentFlags())
	a.completeTarget(root)
	root.AddCommand(
		newApprovals(a), newDescribe(a), newExplain(a),
		newApprove(a), newReject(a), newResume(a),
		newVersion(a),
	)
	return root
}

// Execute runs the command, tells an error in one line, and gives the exit code.
func Execute(ctx context.Context, root *cobra.Command) int {
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if story.NotServed(err) {
		err = errors.New("this cluster does not serve corbel.dev/v1alpha1: Corbel is not installed, or --context names another cluster")
	}
	root.PrintErrln("Error: " + strings.Join(strings.Fields(err.Error()), " "))
	var exit exitError
	if errors.As(err, &exit) {
		return exit.code
	}
	return ExitFailure
}

// oneName demands exactly one argument.
func oneName(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%s takes the NAME of one request, or of its CustomRun or PipelineRun; see: tkn corbel approvals", cmd.Name())
	}
	return nil
}
