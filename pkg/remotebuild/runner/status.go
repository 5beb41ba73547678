package runner

import (
	"time"

	"github.com/corbel-dev/corbel/pkg/fault"
)

// Phase is where a build stands.
type Phase string

// Phases of a build.
const (
	// PhaseStarting has its directory, and no supervisor yet.
	PhaseStarting Phase = "Starting"
	// PhaseRunning has a living supervisor.
	PhaseRunning Phase = "Running"
	// PhaseFinished has a Result.
	PhaseFinished Phase = "Finished"
	// PhaseLost has no Result and will never have one of its own.
	PhaseLost Phase = "Lost"
)

// Reason says how a build or a step ended, or why it is lost.
type Reason string

// Reasons of an end. All but the first two are not the build's own doing.
const (
	ReasonSucceeded Reason = "Succeeded"
	ReasonFailed    Reason = "Failed"
	ReasonCancelled Reason = "Cancelled"
	ReasonTimedOut  Reason = "TimedOut"
	// ReasonOrphaned stopped itself, since nobody attached or renewed in time.
	ReasonOrphaned Reason = "Orphaned"
	// ReasonHostShutdown was ended by a signal to the supervisor.
	ReasonHostShutdown Reason = "HostShutdown"
	// ReasonStartFailed could not begin a step: the command was not found, say.
	ReasonStartFailed Reason = "StartFailed"
	// ReasonLogFailed could not write the log: the disk is full, say.
	ReasonLogFailed Reason = "LogFailed"
	// ReasonSkipped is of a step that came after a failure or a stop.
	ReasonSkipped Reason = "Skipped"

	ReasonNeverStarted   Reason = "NeverStarted"
	ReasonSupervisorLost Reason = "SupervisorLost"
	ReasonHostRebooted   Reason = "HostRebooted"
)

// Status is what the host knows of a build.
type Status struct {
	ID     string `json:"id"`
	Epoch  int64  `json:"epoch"`
	Phase  Phase  `json:"phase"`
	Reason Reason `json:"reason,omitempty"`
	// Stalled is true when the supervisor lives and does not beat: stopped, or its disk hangs.
	Stalled bool `json:"stalled,omitempty"`
	// Step is the one that runs, or ran last.
	Step  string       `json:"step,omitempty"`
	Steps []StepStatus `json:"steps,omitempty"`
	// Left counts living processes of a lost build. Cancel ends them.
	Left int `json:"left,omitempty"`
	// Heartbeat and Lease are ages by the host's clock.
	Heartbeat Duration `json:"heartbeat,omitzero"`
	Lease     Duration `json:"lease,omitzero"`
	// Containment is how processes are held together: see Facts.
	Containment string `json:"containment,omitempty"`
	// Unenforced names the limits that this host could not set.
	Unenforced []string `json:"unenforced,omitempty"`
	Dir        string   `json:"dir,omitempty"`
	Result     *Result  `json:"result,omitempty"`
}

// StepStatus is one step of a Status.
type StepStatus struct {
	Name string `json:"name"`
	// LogSize is in bytes, so far.
	LogSize int64 `json:"logSize"`
	// Result is nil until the step ended.
	Result *StepResult `json:"result,omitempty"`
}

// Lost is the fault of a lost build, or nil. Its processes may live on: cancel it
// before another attempt.
func (s Status) Lost() error {
	if s.Phase != PhaseLost {
		return nil
	}
	return fault.Lost(string(s.Reason), "build %s is lost: %s, %d processes left", s.ID, s.Reason, s.Left)
}

// Result is how a build ended. It is written once.
type Result struct {
	Reason  Reason `json:"reason"`
	Message string `json:"message,omitempty"`
	// Code, Signal and OOM are of the step that decided; 128+n stands for signal n.
	Code   int    `json:"code"`
	Signal string `json:"signal,omitempty"`
	OOM    bool   `json:"oom,omitempty"`
	// Step is the one that decided.
	Step    string    `json:"step,omitempty"`
	Started time.Time `json:"started,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
	// PeakRSS is in bytes: of all processes where a cgroup counts, else of the largest.
	PeakRSS int64 `json:"peakRSS,omitempty"`
	// Left counts the processes that outlived the kill. It is 0 unless the kernel holds one.
	Left  int          `json:"left"`
	Steps []StepResult `json:"steps,omitempty"`
}

// StepResult is how a step ended. It is written after the last byte of its log.
type StepResult struct {
	Name    string    `json:"name"`
	Reason  Reason    `json:"reason"`
	Message string    `json:"message,omitempty"`
	Code    int       `json:"code"`
	Signal  string    `json:"signal,omitempty"`
	OOM     bool      `json:"oom,omitempty"`
	Started time.Time `json:"started,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
	LogSize int64     `json:"logSize"`
	// Stragglers were still running when the main process ended, and were killed.
	Stragglers int      `json:"stragglers,omitempty"`
	UserTime   Duration `json:"userTime,omitzero"`
	SystemTime Duration `json:"systemTime,omitzero"`
	PeakRSS    int64    `json:"peakRSS,omitempty"`
	Left       int      `json:"left,omitempty"`
}
