package gate

import (
	"cmp"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

// Count enters decisions into the ledger of a request, and says how it stands.
// Entries keep their order and are never removed: the order of the ledger is the
// order of record. The first final outcome stands; what follows is late.
func Count(req *v1alpha1.ApprovalRequest, decisions []*v1alpha1.ApprovalDecision) v1alpha1.ApprovalRequestStatus {
	return enterAll(req, decisions).status()
}

// Close enters decisions as Count does and, when they bring no outcome, ends the
// request with the given phase.
func Close(req *v1alpha1.ApprovalRequest, decisions []*v1alpha1.ApprovalDecision, phase v1alpha1.RequestPhase, now metav1.Time) v1alpha1.ApprovalRequestStatus {
	l := enterAll(req, decisions)
	if !l.out.Phase.Final() {
		l.end(phase, now, closedMessage[phase])
	}
	return l.status()
}

var closedMessage = map[v1alpha1.RequestPhase]string{
	v1alpha1.PhaseElapsed:   "the time of the pause is over",
	v1alpha1.PhaseExpired:   "nobody decided in time",
	v1alpha1.PhaseWithdrawn: "the run that waited here has ended",
}

// newcomers are the decisions that the ledger does not hold, oldest first.
func newcomers(req *v1alpha1.ApprovalRequest, decisions []*v1alpha1.ApprovalDecision) []*v1alpha1.ApprovalDecision {
	known := make(map[types.UID]bool, len(req.Status.Decisions))
	for _, e := range req.Status.Decisions {
		known[e.UID] = true
	}
	var fresh []*v1alpha1.ApprovalDecision
	for _, d := range decisions {
		if !known[d.UID] {
			fresh = append(fresh, d)
		}
	}
	slices.SortFunc(fresh, func(a, b *v1alpha1.ApprovalDecision) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	return fresh
}

// ledger is a request's status while decisions are entered.
type ledger struct {
	req *v1alpha1.ApprovalRequest
	out v1alpha1.ApprovalRequestStatus
}

func newLedger(req *v1alpha1.ApprovalRequest) *ledger {
	l := &ledger{req: req, out: *req.Status.DeepCopy()}
	if l.out.Phase == "" {
		l.out.Phase = v1alpha1.PhasePending
	}
	return l
}

// enterAll adds the decisions that the ledger does not hold yet.
func enterAll(req *v1alpha1.ApprovalRequest, decisions []*v1alpha1.ApprovalDecision) *ledger {
	l := newLedger(req)
	l.out.Omitted = 0
	for _, d := range newcomers(req, decisions) {
		l.enter(d)
	}
	return l
}

// enter adds one decision.
func (l *ledger) enter(d *v1alpha1.ApprovalDecision) {
	objection := l.objection(d)
	if l.crowded(objection) {
		l.out.Omitted++
		return
	}
	e := v1alpha1.LedgerEntry{
		Name:     d.Name,
		UID:      d.UID,
		Decider:  d.Spec.Decider.Username,
		Decision: d.Spec.Decision,
		Time:     d.CreationTimestamp,
		Eligible: eligibleRules(l.req.Spec.Rules, d.Spec.Decider),
		Reason:   objection,
	}
	l.out.Decisions = append(l.out.Decisions, e)
	if e.Reason != "" {
		return
	}
	i := len(l.out.Decisions) - 1
	switch d.Spec.Decision {
	case v1alpha1.DecisionResume:
		l.count(i, d)
		l.end(v1alpha1.PhaseResumed, e.Time, "resumed by "+said(l.out.Decisions[i]))
	case v1alpha1.DecisionReject:
		l.count(i, d)
		l.end(v1alpha1.PhaseRejected, e.Time, "rejected by "+said(l.out.Decisions[i]))
	case v1alpha1.DecisionApprove:
		l.approve(i, d)
	}
}

// crowded tells whether a flood has filled the ledger. Entries that do not count
// leave room for all that may.
func (l *ledger) crowded(objection v1alpha1.LedgerReason) bool {
	room := v1alpha1.MaxLedgerEntries
	if objection != "" {
		room -= MaxPlaces
	}
	return len(l.out.Decisions) >= room
}

// approve finds a place for the approval at index i.
func (l *ledger) approve(i int, d *v1alpha1.ApprovalDecision) {
	m := newMatching(l.req.Spec.Rules, l.out.Decisions)
	if !m.add(i) {
		l.out.Decisions[i].Reason = v1alpha1.ReasonNotNeeded
		return
	}
	l.count(i, d)
	if m.full() {
		l.end(v1alpha1.PhaseApproved, d.CreationTimestamp, "approved by "+join(Approvers(l.out)))
	}
}

func (l *ledger) count(i int, d *v1alpha1.ApprovalDecision) {
	e := &l.out.Decisions[i]
	e.Counted, e.Reason, e.Comment = true, v1alpha1.ReasonCounted, d.Spec.Comment
}

// objection says why a decision does not count; empty when it may.
func (l *ledger) objection(d *v1alpha1.ApprovalDecision) v1alpha1.LedgerReason {
	spec := l.req.Spec
	switch {
	case d.Spec.Request.UID != l.req.UID:
		return v1alpha1.ReasonWrongRequest
	case d.Spec.Gate != spec.Gate:
		return v1alpha1.ReasonWrongGate
	case (spec.Gate.Kind == v1alpha1.PauseKind) != (d.Spec.Decision == v1alpha1.DecisionResume):
		return v1alpha1.ReasonWrongDecision
	case l.out.Phase.Final(), spec.Deadline != nil && d.CreationTimestamp.After(spec.Deadline.Time):
		return v1alpha1.ReasonLate
	case spec.Gate.Kind == v1alpha1.ApprovalKind && len(eligibleRules(spec.Rules, d.Spec.Decider)) == 0:
		return v1alpha1.ReasonNotEligible
	case l.repeats(d):
		return v1alpha1.ReasonDuplicate
	default:
		return ""
	}
}

// repeats tells whether the same person has said the same already. A rejection
// after an approval is not a repetition: while the gate is open, it counts.
func (l *ledger) repeats(d *v1alpha1.ApprovalDecision) bool {
	return slices.ContainsFunc(l.out.Decisions, func(e v1alpha1.LedgerEntry) bool {
		valid := e.Counted || e.Reason == v1alpha1.ReasonNotNeeded
		return valid && e.Decider == d.Spec.Decider.Username && e.Decision == d.Spec.Decision
	})
}

func (l *ledger) end(phase v1alpha1.RequestPhase, at metav1.Time, message string) {
	l.out.Phase = phase
	l.out.DecidedAt = &at
	l.out.Message = message
}

// status completes what is derived from the entries.
func (l *ledger) status() v1alpha1.ApprovalRequestStatus {
	l.out.Rules = progress(l.req.Spec.Rules, l.out.Decisions)
	l.out.Progress = fraction(l.out.Rules)
	l.out.WaitingFor = ""
	if !l.out.Phase.Final() {
		l.out.WaitingFor = WaitingFor(l.req.Spec, l.out)
	}
	return l.out
}

func progress(rules []v1alpha1.ApprovalRule, entries []v1alpha1.LedgerEntry) []v1alpha1.RuleProgress {
	var out []v1alpha1.RuleProgress
	for _, rule := range rules {
		p := v1alpha1.RuleProgress{Name: rule.Name, Required: rule.Required}
		for _, e := range entries {
			if e.Rule == rule.Name {
				p.Approvers = append(p.Approvers, e.Decider)
			}
		}
		out = append(out, p)
	}
	return out
}

// Approvers are those whose approval, or resumption, was counted.
func Approvers(s v1alpha1.ApprovalRequestStatus) []string {
	var out []string
	for _, e := range s.Decisions {
		if e.Counted && e.Decision != v1alpha1.DecisionReject {
			out = append(out, e.Decider)
		}
	}
	return out
}
