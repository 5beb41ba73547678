package cli

import (
	"github.com/spf13/cobra"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

func newResume(a *app) *cobra.Command {
	return newDecide(a, verb{
		use:      "resume",
		short:    "End a Pause before its time",
		decision: v1alpha1.DecisionResume,
		fits:     pendingPause,
	})
}
