package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// ApprovalDecision is one person's vote about one ApprovalRequest. It is created
// once and never changes. The API server proves the decider: admission refuses
// a decision whose decider is not the user who creates it, or who lacks the verb.
//
// +genclient
// +genclient:noStatus
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=approvaldecisions,singular=approvaldecision,shortName=aprd,categories={corbel,tekton}
// +kubebuilder:selectablefield:JSONPath=`.spec.request.name`
// +kubebuilder:printcolumn:name="Request",type=string,JSONPath=`.spec.request.name`
// +kubebuilder:printcolumn:name="Decision",type=string,JSONPath=`.spec.decision`
// +kubebuilder:printcolumn:name="Decider",type=string,JSONPath=`.spec.decider.username`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type ApprovalDecision struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is the vote.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a decision never changes; create another one"
	Spec ApprovalDecisionSpec `json:"spec"`
}

// DecisionKind is what was decided.
// +kubebuilder:validation:Enum=Approve;Reject;Resume
type DecisionKind string

const (
	// DecisionApprove lets an Approval go forward.
	DecisionApprove DecisionKind = "Approve"
	// DecisionReject ends an Approval.
	DecisionReject DecisionKind = "Reject"
	// DecisionResume ends a Pause.
	DecisionResume DecisionKind = "Resume"
)

// ApprovalDecisionSpec is the vote. What the webhook fills in may be left out
// where the webhook runs; admission checks it all the same.
//
// +kubebuilder:validation:XValidation:rule="(self.gate.kind == 'Pause') == (self.decision == 'Resume')",message="decision does not fit gate.kind: an Approval takes Approve or Reject, a Pause takes Resume"
type ApprovalDecisionSpec struct {
	// Request is the gate that the vote is about.
	// +required
	Request RequestReference `json:"request"`

	// Gate repeats the request's spec.gate. The verb is checked on it, and a vote
	// whose gate is not the request's is not counted. Filled in by the webhook.
	// +required
	Gate GateReference `json:"gate"`

	// Decision is the vote.
	// +required
	Decision DecisionKind `json:"decision"`

	// Comment is shown to all, and is a result of the task.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Comment string `json:"comment,omitempty"`

	// Decider is who votes: the user that creates this object. Filled in by the webhook.
	// +required
	Decider Decider `json:"decider"`
}

// RequestReference names an ApprovalRequest in the same namespace.
type RequestReference struct {
	// Name of the request.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// UID of the request, so that a vote never counts for a later request of the
	// same name. Filled in by the webhook; a vote without it is not counted.
	// +optional
	UID types.UID `json:"uid,omitempty"`
}

// Decider is who votes.
type Decider struct {
	// Username as the API server authenticated it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Username string `json:"username"`

	// Groups that the decider claims; each must be one the API server knows the
	// user to be in. Rules that name groups are filled by these.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=1024
	// +kubebuilder:validation:items:MaxLength=1024
	Groups []string `json:"groups,omitempty"`
}

// ApprovalDecisionList is a list of ApprovalDecisions.
//
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
// +kubebuilder:object:root=true
type ApprovalDecisionList struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ApprovalDecision `json:"items"`
}
