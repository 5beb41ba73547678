package cli

import (
	"github.com/spf13/cobra"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

func newApprove(a *app) *cobra.Command {
	return newDecide(a, verb{
		use:      "approve",
		short:    "Approve what a gate asks",
		decision: v1alpha1.DecisionApprove,
		fits:     pendingApproval,
	})
}
