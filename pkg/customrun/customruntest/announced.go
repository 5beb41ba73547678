package customruntest

import (
	"context"
	"sync"
	"time"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	"knative.dev/pkg/apis"

	"github.com/corbel-dev/corbel/pkg/customrun"
)

// Announced keeps what the kernel announced, as "Unknown/Started" for a change of the
// condition and "ended/Approved" for the end of an attempt.
type Announced struct {
	mu   sync.Mutex
	said []string
}

var _ customrun.Announcer = (*Announced)(nil)

// Changed notes a change of status or reason.
func (a *Announced) Changed(_ context.Context, _ *v1beta1.CustomRun, before, after apis.Condition) {
	if before.Status != after.Status || before.Reason != after.Reason {
		a.note(string(after.Status) + "/" + after.Reason)
	}
}

// Ended notes the end of an attempt.
func (a *Announced) Ended(_ context.Context, _ *v1beta1.CustomRun, _ *time.Time, v customrun.Verdict, _ time.Time) {
	a.note("ended/" + v.Reason)
}

func (a *Announced) note(what string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.said = append(a.said, what)
}

// Said is all of it, oldest first.
func (a *Announced) Said() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.said...)
}
