package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/corbel-dev/corbel/pkg/cli/gates"
	"github.com/corbel-dev/corbel/pkg/cli/story"
)

func newExplain(a *app) *cobra.Command {
	return &cobra.Command{
		Use:               "explain NAME",
		Short:             "Say why a gate waits or how it ended, and whether I can decide",
		Args:              oneName,
		ValidArgsFunction: a.completeRequests(anyRequest),
		RunE:              func(cmd *cobra.Command, args []string) error { return runExplain(cmd, a, args[0]) },
	}
}

func runExplain(cmd *cobra.Command, a *app, name string) error {
	conn, err := a.connect(cmd)
	if err != nil {
		return err
	}
	r, err := conn.find(cmd.Context(), name)
	if err != nil {
		return err
	}
	caller, err := gates.WhoAmI(cmd.Context(), conn.Authentication.SelfSubjectReviews())
	if err != nil {
		return err
	}
	permits := gates.NewPermits(conn.Authorization.SelfSubjectAccessReviews())
	standing, err := permits.Standing(cmd.Context(), caller, r)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), strings.Join(story.Explain(r, standing, a.Clock.Now()), "\n"))
	return err
}
