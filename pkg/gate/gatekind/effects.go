package gatekind

import (
	"context"
	"fmt"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

// Effects of a gate, as a decision of the kernel names them.
const (
	EffectOpen     = "open the request"
	EffectElapse   = "end the pause"
	EffectExpire   = "expire the request"
	EffectWithdraw = "withdraw the request"
)

var closes = map[string]v1alpha1.RequestPhase{
	EffectElapse:   v1alpha1.PhaseElapsed,
	EffectExpire:   v1alpha1.PhaseExpired,
	EffectWithdraw: v1alpha1.PhaseWithdrawn,
}

// Perform carries an effect out.
func Perform(ctx context.Context, requests Requests, effect string, run *v1beta1.CustomRun, spec *v1alpha1.ApprovalRequestSpec) error {
	if spec == nil {
		return fmt.Errorf("%s: the run has saved no request", effect)
	}
	if effect == EffectOpen {
		return requests.Open(ctx, NewRequest(run, *spec))
	}
	phase, ok := closes[effect]
	if !ok {
		return fmt.Errorf("unknown effect %q", effect)
	}
	return requests.Close(ctx, run.Namespace, Name(spec.Subject), phase)
}
