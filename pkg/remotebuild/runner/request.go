package runner

import "time"

// ProtocolVersion changes when an older client or helper would misread the other.
const ProtocolVersion = 1

// Commands of the helper. All but attach read one JSON value from stdin, and all but
// attach answer with one Reply.
const (
	CommandStart   = "start"
	CommandStatus  = "status"
	CommandAttach  = "attach"
	CommandRenew   = "renew"
	CommandCancel  = "cancel"
	CommandRemove  = "remove"
	CommandProbe   = "probe"
	CommandGC      = "gc"
	CommandVersion = "version"
	// CommandSupervise is the helper's own: start runs it, detached.
	CommandSupervise = "supervise"
)

// BuildRequest is what status, renew and remove read.
type BuildRequest struct {
	ID string `json:"id"`
	// Epoch fences: a lower one than the build has seen is refused, a higher one is
	// kept. Only status takes 0, which asks without fencing.
	Epoch int64 `json:"epoch"`
}

// StartReply answers start.
type StartReply struct {
	// Created is true for exactly one start of an ID.
	Created bool   `json:"created"`
	Status  Status `json:"status"`
}

// CancelRequest is what cancel reads.
type CancelRequest struct {
	ID    string `json:"id"`
	Epoch int64  `json:"epoch"`
	// Grace overrides that of the spec when it is set.
	Grace *Duration `json:"grace,omitempty"`
	// Wait is how long to wait for the end before answering.
	Wait Duration `json:"wait,omitzero"`
	// Reason is Cancelled or TimedOut. Empty means Cancelled.
	Reason Reason `json:"reason,omitempty"`
}

// GCRequest is what gc reads. Builds that run are never touched.
type GCRequest struct {
	// MaxAge removes builds that ended longer ago. Zero means no limit.
	MaxAge Duration `json:"maxAge,omitzero"`
	// MaxBytes removes the oldest ended builds until all take less. Zero means no limit.
	MaxBytes int64 `json:"maxBytes,omitempty"`
	// Keep are builds to leave alone.
	Keep []string `json:"keep,omitempty"`
}

// GCReply answers gc.
type GCReply struct {
	Removed []string `json:"removed,omitempty"`
	Freed   int64    `json:"freed"`
	// Kept is what the remaining builds take, in bytes.
	Kept int64 `json:"kept"`
	// Failed are builds that could not be removed, with the error.
	Failed map[string]string `json:"failed,omitempty"`
}

// VersionReply answers version.
type VersionReply struct {
	Protocol int    `json:"protocol"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
	Go       string `json:"go"`
}

// Facts answer probe.
type Facts struct {
	OS       string    `json:"os"`
	Arch     string    `json:"arch"`
	Kernel   string    `json:"kernel,omitempty"`
	Hostname string    `json:"hostname,omitempty"`
	User     string    `json:"user,omitempty"`
	Cores    int       `json:"cores"`
	Clock    time.Time `json:"clock"`
	BootID   string    `json:"bootID,omitempty"`
	// Memory is in bytes.
	MemoryTotal     int64 `json:"memoryTotal,omitempty"`
	MemoryAvailable int64 `json:"memoryAvailable,omitempty"`
	// Disk is of the file system that holds the builds, in bytes and inodes.
	DiskTotal  int64   `json:"diskTotal,omitempty"`
	DiskFree   int64   `json:"diskFree,omitempty"`
	InodesFree int64   `json:"inodesFree,omitempty"`
	Load1      float64 `json:"load1,omitempty"`
	// Containment is cgroup-v2, cgroup-v1, subreaper (Linux without a writable
	// cgroup), children (no subreaper either) or none (builds are refused).
	Containment string            `json:"containment"`
	Tools       map[string]string `json:"tools,omitempty"`
	Running     []string          `json:"running,omitempty"`
	Root        string            `json:"root"`
}
