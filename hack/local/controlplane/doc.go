// Package controlplane says how etcd and Kubernetes' own servers are run for one
// cluster: the flags that matter, and nothing else than flags. All ports are the
// defaults, because each cluster has a network of its own.
//
// etcd does not sync to disk: these clusters are for tests, and a power cut ends them.
package controlplane
