package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/corbel-dev/corbel/pkg/apis/corbel"
)

// SchemeGroupVersion is the group and version of the types in this package.
var SchemeGroupVersion = schema.GroupVersion{Group: corbel.GroupName, Version: "v1alpha1"}

// APIVersion is what a Pipeline writes into taskRef.apiVersion.
const APIVersion = corbel.GroupName + "/v1alpha1"

// Kinds that a Pipeline names in taskRef.kind or taskSpec.kind.
const (
	ApprovalKind = "Approval"
	PauseKind    = "Pause"
)

var (
	// SchemeBuilder collects the functions that add this package's types to a scheme.
	SchemeBuilder = runtime.NewSchemeBuilder(addKnownTypes)
	// AddToScheme adds this package's types to a scheme.
	AddToScheme = SchemeBuilder.AddToScheme
)

// Kind qualifies a kind with this package's group.
func Kind(kind string) schema.GroupKind {
	return SchemeGroupVersion.WithKind(kind).GroupKind()
}

// Resource qualifies a resource with this package's group.
func Resource(resource string) schema.GroupResource {
	return SchemeGroupVersion.WithResource(resource).GroupResource()
}

func addKnownTypes(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(SchemeGroupVersion,
		&Approval{}, &ApprovalList{},
		&ApprovalDecision{}, &ApprovalDecisionList{},
		&ApprovalRequest{}, &ApprovalRequestList{},
		&Pause{}, &PauseList{},
	)
	metav1.AddToGroupVersion(scheme, SchemeGroupVersion)
	return nil
}
