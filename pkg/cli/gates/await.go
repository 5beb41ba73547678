package gates

import (
	"context"
	"errors"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

// ErrGone says that the request went away before the decision was counted.
var ErrGone = errors.New("the request was deleted before the decision was counted")

// Recorded is a decision in the ledger of its request.
type Recorded struct {
	Request *v1alpha1.ApprovalRequest
	Entry   v1alpha1.LedgerEntry
}

// Await follows the request until its ledger holds the decision, or ctx ends.
func Await(ctx context.Context, f *Follower, d *v1alpha1.ApprovalDecision) (Recorded, error) {
	var found Recorded
	seen := false
	err := f.Run(ctx, func(_ context.Context, changes []Change) (bool, error) {
		for _, c := range changes {
			if c.Request.UID != d.Spec.Request.UID {
				continue
			}
			if c.Gone {
				return false, ErrGone
			}
			seen = true
			if e := entryOf(c.Request, d); e != nil {
				found = Recorded{Request: c.Request, Entry: *e}
				return true, nil
			}
		}
		if !seen {
			return false, ErrGone
		}
		return false, nil
	})
	return found, err
}

// entryOf finds a decision by UID, or by name where its UID is not known.
func entryOf(r *v1alpha1.ApprovalRequest, d *v1alpha1.ApprovalDecision) *v1alpha1.LedgerEntry {
	for i := range r.Status.Decisions {
		e := &r.Status.Decisions[i]
		if e.UID == d.UID || (d.UID == "" && e.Name == d.Name) {
			return e
		}
	}
	return nil
}
