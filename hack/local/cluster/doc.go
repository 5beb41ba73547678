// Package cluster makes real Kubernetes clusters on this machine, for the demo, for
// tests and for measurements: each in a network namespace of its own, with its own
// authority, and with Tekton when asked.
//
// A ControlPlane cluster has etcd and Kubernetes' servers but no node: pods are never
// run, and Tekton's and our own controllers are plain processes that act as their
// service accounts. It is ready in seconds, and right for everything about CustomRuns.
// A Node cluster has containerd, a kubelet and kube-proxy too, and runs Tekton and all
// else in pods.
//
// Pods of a Node cluster find Services by name and nothing else: there is no way out to
// other names. Webhooks are called by the API server at their endpoints. Machines with cgroup v1 have been tried; the code for v2 has not.
//
// Everything is recorded before it is made, so Down works from any state, and in
// another program than the one that called Up. It needs root.
package cluster
