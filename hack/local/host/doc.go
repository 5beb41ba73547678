// Package host makes build hosts: machines that are no nodes, reached by SSH only.
// Each has its own network, process table, host name, /home, /tmp, users, and an sshd
// with a host key of its own; it shares the programs of this machine. Nothing outside
// its folder is changed: its users are known to itself alone.
//
// A host fails as machines do: its cable comes out, it freezes, it loses power with
// all that ran on it. It needs root.
package host
