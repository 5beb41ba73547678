package process

import (
	"fmt"
	"os"
)

// Identity tells a process from a later one that got the same pid.
type Identity struct {
	PID int `json:"pid"`
	// Start is when it began, in the units of the platform.
	Start string `json:"start"`
	// BootID is of the host's current run.
	BootID string `json:"bootID"`
}

// Self is the identity of this process.
func Self() (Identity, error) {
	boot, err := BootID()
	if err != nil {
		return Identity{}, err
	}
	start, ok := startTime(os.Getpid())
	if !ok {
		return Identity{}, fmt.Errorf("cannot see the start time of process %d", os.Getpid())
	}
	return Identity{PID: os.Getpid(), Start: start, BootID: boot}, nil
}

// SameBoot is true when the host has not been rebooted since.
func (i Identity) SameBoot() bool {
	boot, err := BootID()
	return err != nil || boot == i.BootID
}

// Alive is true while this very process runs.
func (i Identity) Alive() bool {
	start, ok := startTime(i.PID)
	return i.PID > 0 && ok && start == i.Start && i.SameBoot()
}
