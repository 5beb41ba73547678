package cluster

import (
	"io"

	"github.com/corbel-dev/corbel/hack/local/proc"
)

// Mode says how much of a cluster there is.
type Mode string

const (
	// ControlPlane has no node; controllers run as processes.
	ControlPlane Mode = "control-plane"
	// Node has one node that runs pods.
	Node Mode = "node"
)

// Config says what cluster is wanted.
type Config struct {
	// Name is also the name of its network namespace and of its node.
	Name string `json:"name"`
	Mode Mode   `json:"mode"`
	// AuditLog makes the API server log every request, without bodies, when it comes
	// in and when it is answered.
	AuditLog bool `json:"auditLog"`
	// WithTekton installs Tekton Pipelines before Up returns.
	WithTekton bool `json:"withTekton"`
	// Log gets a line for each step with times; nil discards them.
	Log io.Writer `json:"-"`
}

// Program is a program to run in a cluster's network.
type Program struct {
	Name string
	Path string
	Args []string
	// Env is added to KUBECONFIG, which is the administrator's unless it is in here.
	Env []string
}

// Process is a running program of a cluster.
type Process = proc.Process
