package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/cli/gates"
	"github.com/corbel-dev/corbel/pkg/cli/output"
	"github.com/corbel-dev/corbel/pkg/cli/story"
)

const defaultWait = 30 * time.Second

var decisionKind = output.Kind{
	GroupVersionKind: v1alpha1.SchemeGroupVersion.WithKind("ApprovalDecision"), Singular: "approvaldecision",
}

// verb is what tells approve, reject and resume apart.
type verb struct {
	use, short string
	decision   v1alpha1.DecisionKind
	fits       func(*v1alpha1.ApprovalRequest) bool
}

type decideFlags struct {
	comment, format string
	wait, noWait    bool
	timeout         time.Duration
}

func newDecide(a *app, v verb) *cobra.Command {
	var f decideFlags
	cmd := &cobra.Command{
		Use:   v.use + " NAME",
		Short: v.short,
		Long: v.short + ".\n\nNAME is an ApprovalRequest, or a CustomRun or PipelineRun with exactly one pending request.\n" +
			"To say it again is harmless: the same person's same decision is stored once.\n\n" +
			"Exit codes: 0 the decision counts (or is stored, with --no-wait); 1 it was refused or does not count;\n" +
			"3 it is stored, but was not counted before the wait ended.",
		Args:              oneName,
		ValidArgsFunction: a.completeRequests(v.fits),
		RunE:              func(cmd *cobra.Command, args []string) error { return runDecide(cmd, a, decideRun{v, f, args[0]}) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.comment, "comment", "m", "", "comment for all to see")
	flags.BoolVar(&f.wait, "wait", true, "wait until the decision is counted")
	flags.BoolVar(&f.noWait, "no-wait", false, "print the name of the decision and leave")
	flags.DurationVar(&f.timeout, "timeout", defaultWait, "how long to wait")
	cmd.MarkFlagsMutuallyExclusive("wait", "no-wait")
	a.outputFlag(cmd, &f.format, output.JSON, output.YAML, output.Name)
	return cmd
}

// decideRun is one run of approve, reject or resume.
type decideRun struct {
	verb
	decideFlags
	name string
}

func (d decideRun) output() output.Format {
	if f := output.Format(d.format); f != output.Text || (d.wait && !d.noWait) {
		return f
	}
	return output.Name
}

func runDecide(cmd *cobra.Command, a *app, d decideRun) error {
	if err := d.output().Check(output.JSON, output.YAML, output.Name); err != nil {
		return err
	}
	conn, err := a.connect(cmd)
	if err != nil {
		return err
	}
	r, err := conn.find(cmd.Context(), d.name)
	if err != nil {
		return err
	}
	caller, err := gates.WhoAmI(cmd.Context(), conn.Authentication.SelfSubjectReviews())
	if err != nil {
		return err
	}
	vote := gates.Vote{Request: r, Decision: d.decision, Comment: d.comment, Caller: caller}
	if e := vote.Earlier(); e != nil {
		return d.repeat(cmd, conn, gates.Recorded{Request: r, Entry: *e})
	}
	if err := vote.Refuse(); err != nil {
		return err
	}
	return d.cast(cmd, a, conn, vote)
}

// repeat tells what became of the same decision, made before.
func (d decideRun) repeat(cmd *cobra.Command, conn *Connection, found gates.Recorded) error {
	if d.output() != output.Text {
		stored, err := conn.Corbel.ApprovalDecisions(found.Request.Namespace).Get(cmd.Context(), found.Entry.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if err := decisionKind.Write(cmd.OutOrStdout(), d.output(), stored); err != nil {
			return err
		}
	}
	return d.verdict(cmd, found)
}

func (d decideRun) cast(cmd *cobra.Command, a *app, conn *Connection, vote gates.Vote) error {
	stored, err := gates.Cast(cmd.Context(), conn.Corbel.ApprovalDecisions(vote.Request.Namespace), vote)
	if err != nil {
		return err
	}
	if d.output() != output.Text {
		if err := decisionKind.Write(cmd.OutOrStdout(), d.output(), stored); err != nil {
			return err
		}
	}
	if !d.wait || d.noWait {
		return nil
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), d.timeout)
	defer cancel()
	requests := conn.Corbel.ApprovalRequests(vote.Request.Namespace)
	found, err := gates.Await(ctx, gates.NewFollower(requests, a.Clock, vote.Request.Name), stored)
	if err != nil {
		return notYet(stored, d.timeout, err)
	}
	return d.verdict(cmd, found)
}

// notYet says that the decision is safe although nobody has counted it.
func notYet(d *v1alpha1.ApprovalDecision, timeout time.Duration, err error) error {
	why := err.Error()
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		why = fmt.Sprintf("the controller has not counted it within %s", timeout)
	case errors.Is(err, context.Canceled):
		why = "the wait was interrupted"
	}
	return exitError{ExitNotYet, fmt.Errorf("the decision is stored (%s), but %s; see: tkn corbel describe %s -n %s",
		d.Name, why, d.Spec.Request.Name, d.Namespace)}
}

// verdict tells whether the decision counts. Where stdout is taken by the
// object, it goes to stderr.
func (d decideRun) verdict(cmd *cobra.Command, found gates.Recorded) error {
	if !found.Entry.Counted {
		return errors.New(story.NotCounted(found.Request, found.Entry))
	}
	w := cmd.OutOrStdout()
	if d.output() != output.Text {
		w = cmd.ErrOrStderr()
	}
	_, err := fmt.Fprintln(w, story.Counted(found.Request, found.Entry))
	return err
}
