// Package conformance holds Tekton's contract for custom tasks against the real
// thing: a real API server, Tekton's own controllers, two replicas of Corbel's, and
// people with no more rights than RBAC gives them. PipelineRuns of custom tasks alone
// need no pods, so that the cluster has no node.
//
// It refuses to know how anything is done inside: whatever it sees, a user can see.
package conformance
