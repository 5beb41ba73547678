package conformance

import (
	"slices"

	"github.com/google/go-cmp/cmp"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

// voteTales are about decisions that admission lets in and the ledger does not count.
var voteTales = map[string]tale{
	"votes that do not count": {[]int{9}, votesThatDoNotCount},
}

func votesThatDoNotCount(s *story) {
	const twoOfTwo = `
customRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval}
params:
- {name: approvers, value: [alice, carol]}
- {name: numberOfApprovalsRequired, value: "2"}
`
	run := s.startRun("gate", twoOfTwo)
	req, other := s.request(run, 1), s.request(s.startRun("another", twoOfTwo), 1)
	replayed, elsewhere := req.DeepCopy(), req.DeepCopy()
	replayed.UID = other.UID
	elsewhere.Spec.Gate.Name = "staging" // carol holds the verb on every gate of the namespace

	s.decide("alice", req, v1alpha1.DecisionApprove)
	s.decide("alice", req, v1alpha1.DecisionApprove)
	s.decide("bob", req, v1alpha1.DecisionApprove)
	s.decide("carol", replayed, v1alpha1.DecisionApprove)
	s.decide("carol", elsewhere, v1alpha1.DecisionApprove)
	s.ledgerHolds(req, "alice Counted", "alice Duplicate", "bob NotEligible", "carol WrongGate", "carol WrongRequest")

	s.decide("carol", req, v1alpha1.DecisionApprove)
	s.finishes(run, "True/Approved")
	s.decide("alice", req, v1alpha1.DecisionReject)
	s.ledgerHolds(req, "alice Counted", "alice Duplicate", "alice Late", "bob NotEligible",
		"carol Counted", "carol WrongGate", "carol WrongRequest")
	s.closes(req, v1alpha1.PhaseApproved)
}

// ledgerHolds waits until the ledger has as many entries, and compares who and why.
func (s *story) ledgerHolds(req *v1alpha1.ApprovalRequest, want ...string) {
	s.Helper()
	var got []string
	eventually(s, "the ledger of "+req.Name, s.requests, func(all []v1alpha1.ApprovalRequest) bool {
		got = nil
		for _, r := range all {
			if r.UID != req.UID {
				continue
			}
			for _, e := range r.Status.Decisions {
				got = append(got, e.Decider+" "+string(e.Reason))
			}
		}
		return len(got) == len(want)
	})
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		s.Errorf("ledger (-want +got):\n%s", diff)
	}
}
