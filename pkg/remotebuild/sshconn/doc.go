// Package sshconn makes SSH connections to build hosts that cannot hang: each has a
// deadline for its handshake, proves by keepalives that its other end lives, opens no
// more sessions than the host allows, and reads no more than it was told to.
//
// The package refuses to connect without a pinned host key or host authority, to trust
// a key on first use, to forward an agent or ask for a terminal, and to tell an
// unreachable host from a failed build: its faults are about the way, never the work.
package sshconn
