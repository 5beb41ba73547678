// Package v1alpha1 is the first version of Corbel's API.
//
// +k8s:deepcopy-gen=package
// +groupName=corbel.dev
package v1alpha1
