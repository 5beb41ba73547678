// Package pki makes the keys and certificates of one cluster: its authority, the API
// server's and the kubelet's certificates, client certificates for any user, and the
// key that service-account tokens are signed with. They are for clusters that live for
// hours on one machine: nothing is rotated.
package pki
