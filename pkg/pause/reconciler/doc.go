// Package reconciler wires the kind Pause to Kubernetes.
package reconciler
