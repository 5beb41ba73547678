// Package manifest reads Kubernetes manifests, changes what a machine without a public
// registry needs changed, and applies them in an order that works at once. It also
// reads from a Deployment how its program wants to be run, so that the same manifests
// serve clusters without nodes, where programs run as plain processes.
package manifest
