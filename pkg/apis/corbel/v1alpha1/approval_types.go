package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Approval defines a gate: who may let a pipeline go on, and on what terms. It
// belongs to the owner of what the gate protects; a Pipeline names it in
// taskRef, embeds its spec in taskSpec, or uses parameters alone.
//
// +genclient
// +genclient:noStatus
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=approvals,singular=approval,shortName=apr,categories={corbel,tekton}
// +kubebuilder:printcolumn:name="Description",type=string,JSONPath=`.spec.description`
// +kubebuilder:printcolumn:name="On-Reject",type=string,JSONPath=`.spec.onReject`
// +kubebuilder:printcolumn:name="Timeout",type=string,JSONPath=`.spec.timeout`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type Approval struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec says who decides and what follows.
	// +optional
	Spec ApprovalSpec `json:"spec,omitempty"`
}

// ApprovalSpec says who decides and what follows. All fields are set by the
// author of the definition. The zero value is a gate that one person may open:
// anybody who holds the verb approve on it.
type ApprovalSpec struct {
	// Description tells the approver what is asked. Shown in lists and messages.
	// +optional
	// +kubebuilder:validation:MaxLength=4096
	Description string `json:"description,omitempty"`

	// Rules must all be filled. One person fills one place in one rule at most;
	// places are assigned so that shared members never block. Without rules, one
	// holder of the verb approve decides.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Rules []ApprovalRule `json:"rules,omitempty"`

	// Timeout bounds the wait, from the start of the attempt. Unset: the timeout
	// of the pipeline task, which is one hour unless it says otherwise. "0s": no
	// bound. Where both are set the shorter one holds. At most 8784h (366 days).
	// +optional
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('0s')",message="timeout is negative; use a positive duration such as 72h, or 0s for no bound"
	// +kubebuilder:validation:XValidation:rule="duration(self) <= duration('8784h')",message="timeout is over 8784h (366 days); use less, or 0s for no bound"
	Timeout *metav1.Duration `json:"timeout,omitempty"`

	// OnReject is what a rejection does: Fail the run, or Continue with the
	// result decision=rejected, on which later tasks can branch.
	// +optional
	// +kubebuilder:default=Fail
	OnReject GateOutcome `json:"onReject,omitempty"`

	// OnTimeout is what the end of the wait does: Fail the run, or Continue with
	// the result decision=timeout.
	// +optional
	// +kubebuilder:default=Fail
	OnTimeout GateOutcome `json:"onTimeout,omitempty"`
}

// GateOutcome is what a gate does with its run when nobody opened it.
// +kubebuilder:validation:Enum=Fail;Continue
type GateOutcome string

const (
	// OutcomeFail fails the run. It is the default.
	OutcomeFail GateOutcome = "Fail"
	// OutcomeContinue lets the run succeed; the result "decision" tells what happened.
	OutcomeContinue GateOutcome = "Continue"
)

// ApprovalRule asks for a number of different people out of some.
//
// +kubebuilder:validation:XValidation:rule="(has(self.groups) && size(self.groups) > 0) || !has(self.users) || size(self.users) == 0 || self.required <= size(self.users)",message="required is larger than the number of users and there are no groups: nobody could ever fill this rule; lower required or add users"
type ApprovalRule struct {
	// Name tells rules apart in lists and messages. Unset: "rule-1", "rule-2", …
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name,omitempty"`

	// Users who may fill this rule, as the API server knows them.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=256
	Users []string `json:"users,omitempty"`

	// Groups whose members may fill this rule, as the API server knows them.
	// Membership is known only when a member decides. Without users and groups,
	// anybody who holds the verb fills the rule.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=256
	Groups []string `json:"groups,omitempty"`

	// Required is how many different people must approve. Default 1.
	// +optional
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	Required int32 `json:"required,omitempty"`
}

// ApprovalList is a list of Approvals.
//
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
// +kubebuilder:object:root=true
type ApprovalList struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Approval `json:"items"`
}
