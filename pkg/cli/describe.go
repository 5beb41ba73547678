package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/cli/output"
	"github.com/corbel-dev/corbel/pkg/cli/story"
)

func newDescribe(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:               "describe NAME",
		Aliases:           []string{"desc"},
		Short:             "Tell all about one gate: what is asked, who may decide, who has",
		Args:              oneName,
		ValidArgsFunction: a.completeRequests(anyRequest),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runDescribe(cmd, a, args[0], output.Format(format))
		},
	}
	a.outputFlag(cmd, &format, output.JSON, output.YAML, output.Name)
	return cmd
}

func runDescribe(cmd *cobra.Command, a *app, name string, format output.Format) error {
	if err := format.Check(output.JSON, output.YAML, output.Name); err != nil {
		return err
	}
	conn, err := a.connect(cmd)
	if err != nil {
		return err
	}
	r, err := conn.find(cmd.Context(), name)
	if err != nil {
		return err
	}
	if format != output.Text {
		return requestKind.Write(cmd.OutOrStdout(), format, r)
	}
	return describe(cmd.OutOrStdout(), r, a.Clock.Now())
}

func describe(w io.Writer, r *v1alpha1.ApprovalRequest, now time.Time) error {
	sections := []struct {
		title string
		rows  [][]string
		shown bool
	}{
		{"", story.Fields(r, now), true},
		{"\nRules:\n", story.RuleRows(r), len(r.Spec.Rules) > 0},
		{"\nDecisions:\n", story.LedgerRows(r), len(r.Status.Decisions) > 0},
	}
	for _, s := range sections {
		if !s.shown {
			continue
		}
		if _, err := io.WriteString(w, s.title); err != nil {
			return err
		}
		if err := new(output.Table).Write(w, s.rows...); err != nil {
			return err
		}
	}
	if r.Status.Omitted > 0 {
		_, err := fmt.Fprintf(w, "%d more decisions found the ledger full and were not counted.\n", r.Status.Omitted)
		return err
	}
	return nil
}
