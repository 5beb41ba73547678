package cli

import (
	"github.com/spf13/cobra"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

func newReject(a *app) *cobra.Command {
	return newDecide(a, verb{
		use:      "reject",
		short:    "Reject what a gate asks",
		decision: v1alpha1.DecisionReject,
		fits:     pendingApproval,
	})
}
