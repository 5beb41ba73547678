// Package node says how the programs of a cluster's one node are run and configured:
// containerd, the kubelet and kube-proxy. Everything they keep is under one folder, so
// that several nodes share a machine and each can be removed whole.
//
// A kubelet that shares /var/log/pods with another would
// delete its logs, which is why even that is a folder of the cluster's own.
package node
