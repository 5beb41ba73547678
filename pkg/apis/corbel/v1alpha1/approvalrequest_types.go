package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// ApprovalRequest is one open gate: what is asked of whom, and the ledger of all
// decisions about it. Only Corbel's controller creates it; its spec never changes.
//
// +genclient
// +genreconciler:krshapedlogic=false
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=approvalrequests,singular=approvalrequest,shortName=aprq,categories={corbel,tekton}
// +kubebuilder:printcolumn:name="Gate",type=string,JSONPath=`.spec.gate.kind`
// +kubebuilder:printcolumn:name="Definition",type=string,JSONPath=`.spec.gate.name`
// +kubebuilder:printcolumn:name="PipelineRun",type=string,JSONPath=`.spec.subject.pipelineRun`
// +kubebuilder:printcolumn:name="Phase",type=string,JSONPath=`.status.phase`
// +kubebuilder:printcolumn:name="Have/Need",type=string,JSONPath=`.status.progress`
// +kubebuilder:printcolumn:name="Waiting-For",type=string,JSONPath=`.status.waitingFor`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type ApprovalRequest struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is what is asked, as it was when the gate opened.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="the spec of an ApprovalRequest never changes"
	Spec ApprovalRequestSpec `json:"spec"`

	// Status is how far the gate is. Written by Corbel's controller only.
	// +optional
	// +kubebuilder:validation:XValidation:rule="!has(oldSelf.phase) || oldSelf.phase == 'Pending' || (has(self.phase) && self.phase == oldSelf.phase)",message="the first final phase stands"
	Status ApprovalRequestStatus `json:"status,omitempty"`
}

// GateReference names what a request was opened for.
type GateReference struct {
	// Kind of the gate: Approval or Pause.
	// +required
	// +kubebuilder:validation:Enum=Approval;Pause
	Kind string `json:"kind"`

	// Name of the definition, in the same namespace. Unset for a gate that was
	// embedded in the pipeline or made of parameters alone: then the verb is
	// checked on the ApprovalRequest itself.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`
}

// RequestSubject is the run that waits at the gate.
type RequestSubject struct {
	// CustomRun is the name of the CustomRun that waits.
	// +required
	// +kubebuilder:validation:MaxLength=253
	CustomRun string `json:"customRun"`

	// UID of that CustomRun.
	// +required
	UID types.UID `json:"uid"`

	// Attempt of that CustomRun, from 1.
	// +required
	// +kubebuilder:validation:Minimum=1
	Attempt int32 `json:"attempt"`

	// PipelineRun that the CustomRun belongs to; unset when it belongs to none.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	PipelineRun string `json:"pipelineRun,omitempty"`

	// PipelineTask is the task's name in the pipeline.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	PipelineTask string `json:"pipelineTask,omitempty"`
}

// ApprovalRequestSpec is what is asked, resolved from definition and parameters.
type ApprovalRequestSpec struct {
	// Gate is the definition, and whether it is an Approval or a Pause.
	// +required
	Gate GateReference `json:"gate"`

	// Subject is the run that waits.
	// +required
	Subject RequestSubject `json:"subject"`

	// Description tells the approver what is asked.
	// +optional
	// +kubebuilder:validation:MaxLength=4096
	Description string `json:"description,omitempty"`

	// Rules that must all be filled; never empty for an Approval, empty for a Pause.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Rules []ApprovalRule `json:"rules,omitempty"`

	// Deadline after which a decision comes too late. Unset: none.
	// +optional
	Deadline *metav1.Time `json:"deadline,omitempty"`

	// ResumeAt is when a Pause ends by itself. Unset: never.
	// +optional
	ResumeAt *metav1.Time `json:"resumeAt,omitempty"`
}

// RequestPhase is where a request stands.
// +kubebuilder:validation:Enum=Pending;Approved;Rejected;Resumed;Elapsed;Expired;Withdrawn
type RequestPhase string

const (
	// PhasePending waits for decisions, or for the clock. All others are final.
	PhasePending RequestPhase = "Pending"
	// PhaseApproved has every rule filled.
	PhaseApproved RequestPhase = "Approved"
	// PhaseRejected was refused by one who might have approved.
	PhaseRejected RequestPhase = "Rejected"
	// PhaseResumed is a Pause that somebody ended.
	PhaseResumed RequestPhase = "Resumed"
	// PhaseElapsed is a Pause that the clock ended.
	PhaseElapsed RequestPhase = "Elapsed"
	// PhaseExpired had its deadline pass.
	PhaseExpired RequestPhase = "Expired"
	// PhaseWithdrawn lost its run: cancelled, or gone with its PipelineRun.
	PhaseWithdrawn RequestPhase = "Withdrawn"
)

// Final tells whether a request in this phase is over.
func (p RequestPhase) Final() bool { return p != "" && p != PhasePending }

// MaxLedgerEntries bounds status.decisions, so that the object stays well under
// what etcd takes. Decisions that find the ledger full are counted in status.omitted.
const MaxLedgerEntries = 1000

// ApprovalRequestStatus is how far the gate is.
type ApprovalRequestStatus struct {
	// Phase is Pending until the first final outcome, which stands.
	// +optional
	Phase RequestPhase `json:"phase,omitempty"`

	// Progress is approvals counted and needed over all rules, such as "1/3".
	// +optional
	Progress string `json:"progress,omitempty"`

	// WaitingFor says in words who can bring the gate forward. Empty when final.
	// +optional
	WaitingFor string `json:"waitingFor,omitempty"`

	// Message says in one sentence how the gate ended.
	// +optional
	Message string `json:"message,omitempty"`

	// Rules tells the progress of each rule.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Rules []RuleProgress `json:"rules,omitempty"`

	// Decisions is the ledger: every decision about this request in the order of
	// record, counted or not, with the reason.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=1000
	Decisions []LedgerEntry `json:"decisions,omitempty"`

	// Omitted counts decisions that found the ledger full; they were not counted.
	// +optional
	Omitted int32 `json:"omitted,omitempty"`

	// DecidedAt is when the outcome became final.
	// +optional
	DecidedAt *metav1.Time `json:"decidedAt,omitempty"`
}

// RuleProgress tells how far one rule is.
type RuleProgress struct {
	// Name of the rule.
	Name string `json:"name"`
	// Required is how many different people must approve.
	Required int32 `json:"required"`
	// Approvers are those counted for this rule so far, in the order of record.
	// +optional
	// +listType=atomic
	Approvers []string `json:"approvers,omitempty"`
}

// LedgerReason says why a decision was counted or not.
// +kubebuilder:validation:Enum=Counted;Late;Duplicate;NotEligible;NotNeeded;WrongGate;WrongRequest;WrongDecision
type LedgerReason string

const (
	// ReasonCounted is a decision that counts.
	ReasonCounted LedgerReason = "Counted"
	// ReasonLate came after the deadline or after the outcome.
	ReasonLate LedgerReason = "Late"
	// ReasonDuplicate repeats what the same person has decided.
	ReasonDuplicate LedgerReason = "Duplicate"
	// ReasonNotEligible comes from one whom no rule names.
	ReasonNotEligible LedgerReason = "NotEligible"
	// ReasonNotNeeded comes from one whose rules are filled already.
	ReasonNotNeeded LedgerReason = "NotNeeded"
	// ReasonWrongGate names another definition than the request's, so that
	// admission checked the verb on the wrong object.
	ReasonWrongGate LedgerReason = "WrongGate"
	// ReasonWrongRequest names the UID of another request of the same name.
	ReasonWrongRequest LedgerReason = "WrongRequest"
	// ReasonWrongDecision does not fit the gate: Resume for an Approval, say.
	ReasonWrongDecision LedgerReason = "WrongDecision"
)

// LedgerEntry is one decision as the controller recorded it.
type LedgerEntry struct {
	// Name and UID of the ApprovalDecision.
	Name string    `json:"name"`
	UID  types.UID `json:"uid"`
	// Decider is the user name that the API server proved.
	Decider string `json:"decider"`
	// Decision is what was decided.
	Decision DecisionKind `json:"decision"`
	// Time is when the API server stored the decision.
	Time metav1.Time `json:"time"`
	// Counted tells whether the decision bears on the outcome.
	Counted bool `json:"counted"`
	// Eligible names the rules that the decider may fill.
	// +optional
	// +listType=atomic
	Eligible []string `json:"eligible,omitempty"`
	// Rule that the decision fills; set for counted approvals.
	// +optional
	Rule string `json:"rule,omitempty"`
	// Reason says why the decision counts or not.
	Reason LedgerReason `json:"reason"`
	// Comment of the decider, kept for counted decisions.
	// +optional
	Comment string `json:"comment,omitempty"`
}

// ApprovalRequestList is a list of ApprovalRequests.
//
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
// +kubebuilder:object:root=true
type ApprovalRequestList struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ApprovalRequest `json:"items"`
}
