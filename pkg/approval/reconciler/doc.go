// Package reconciler wires the kind Approval to Kubernetes.
package reconciler
