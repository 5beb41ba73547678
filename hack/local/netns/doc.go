// Package netns gives each cluster and each build host a network of its own: a named
// network namespace on one bridge, with its own address and its default ports. Taking
// the cable out is one call. It refuses namespaces that it did not make.
//
// Programs enter a namespace by nsenter --net, never by ip netns exec: that remounts
// /sys, and a kubelet then finds no cgroups.
package netns
