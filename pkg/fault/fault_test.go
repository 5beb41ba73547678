package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/corbel-dev/corbel/pkg/fault"
)

// TestClassesSurviveWrapping: classes are found in a chain, and keep their cause.
func TestClassesSurviveWrapping(t *testing.T) {
	wrap := func(err error) error { return fmt.Errorf("outer: %w", err) }
	user := wrap(fault.User("Bad", "field: %w", io.EOF))
	lost := wrap(fault.Lost("Gone", "host"))
	busy := wrap(fault.Busy(time.Second, "Full", "queue"))

	if e, ok := fault.AsUser(user); !ok || e.Reason != "Bad" || !errors.Is(user, io.EOF) {
		t.Errorf("user: %v %v", e, ok)
	}
	if e, ok := fault.AsLost(lost); !ok || e.Reason != "Gone" {
		t.Errorf("lost: %v %v", e, ok)
	}
	if e, ok := fault.AsBusy(busy); !ok || e.After != time.Second {
		t.Errorf("busy: %v %v", e, ok)
	}
	if _, ok := fault.AsUser(lost); ok {
		t.Error("a lost error counts as the user's")
	}
	if _, ok := fault.AsBusy(nil); ok {
		t.Error("no error counts as busy")
	}
}
