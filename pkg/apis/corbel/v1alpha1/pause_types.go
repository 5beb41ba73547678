package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Pause defines a hold: for a duration, until a time, or until somebody who
// holds the verb resume ends it, whatever comes first. A Pipeline names it in
// taskRef, embeds its spec in taskSpec, or uses parameters alone.
//
// +genclient
// +genclient:noStatus
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=pauses,singular=pause,categories={corbel,tekton}
// +kubebuilder:printcolumn:name="Duration",type=string,JSONPath=`.spec.duration`
// +kubebuilder:printcolumn:name="Until",type=string,JSONPath=`.spec.until`
// +kubebuilder:printcolumn:name="Description",type=string,JSONPath=`.spec.description`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type Pause struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec says what ends the hold.
	// +optional
	Spec PauseSpec `json:"spec,omitempty"`
}

// PauseSpec says what ends the hold. The zero value holds until somebody
// resumes it. All fields are set by the author of the definition.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.duration) && has(self.until))",message="duration and until exclude each other; remove one"
type PauseSpec struct {
	// Description tells why the pipeline holds. Shown in lists and messages.
	// +optional
	// +kubebuilder:validation:MaxLength=4096
	Description string `json:"description,omitempty"`

	// Duration of the hold, from the start of the attempt. At most 8784h (366 days).
	// +optional
	// +kubebuilder:validation:XValidation:rule="duration(self) > duration('0s')",message="duration must be positive, such as 30m"
	// +kubebuilder:validation:XValidation:rule="duration(self) <= duration('8784h')",message="duration is over 8784h (366 days); use less"
	Duration *metav1.Duration `json:"duration,omitempty"`

	// Until is the moment at which the hold ends (RFC 3339). A moment in the past
	// holds nothing.
	// +optional
	Until *metav1.Time `json:"until,omitempty"`

	// Timeout fails the run when nothing ended the hold by then, from the start of
	// the attempt. Unset: no bound where duration or until is set, else the
	// timeout of the pipeline task, which is one hour unless it says otherwise.
	// "0s": no bound. Where both are set the shorter one holds. At most 8784h.
	// +optional
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('0s')",message="timeout is negative; use a positive duration such as 72h, or 0s for no bound"
	// +kubebuilder:validation:XValidation:rule="duration(self) <= duration('8784h')",message="timeout is over 8784h (366 days); use less, or 0s for no bound"
	Timeout *metav1.Duration `json:"timeout,omitempty"`
}

// PauseList is a list of Pauses.
//
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object
// +kubebuilder:object:root=true
type PauseList struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Pause `json:"items"`
}
