package customrun

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	"k8s.io/apimachinery/pkg/runtime"
)

// record is what the kernel keeps in status.extraFields. Fields are only ever
// added, so that a run that waits over an upgrade can still be read.
type record struct {
	// Spec of the run as it was at the start of the first attempt.
	Spec *v1beta1.CustomRunSpec `json:"spec,omitempty"`
	// FirstStart is when the first attempt began.
	FirstStart *time.Time `json:"firstStart,omitempty"`
	// Timeout of the definition, from the last decision of the attempt.
	Timeout *time.Duration `json:"timeout,omitempty"`
	// State of the kind, from the last decision of the attempt.
	State json.RawMessage `json:"state,omitempty"`
}

// readRecord reads what an earlier pass has saved.
func readRecord(status *v1beta1.CustomRunStatus) (record, error) {
	var r record
	if len(status.ExtraFields.Raw) == 0 {
		return r, nil
	}
	if err := json.Unmarshal(status.ExtraFields.Raw, &r); err != nil {
		return r, fmt.Errorf("read status.extraFields: %w", err)
	}
	return r, nil
}

// writeRecord saves the record, and leaves the status alone when nothing changed, so
// that no write follows from a difference in spelling: the API server gives the keys
// back in an order of its own.
func writeRecord(status *v1beta1.CustomRunStatus, r record) error {
	raw, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write status.extraFields: %w", err)
	}
	if old, err := readRecord(status); err == nil {
		if same, err := json.Marshal(old); err == nil && sameJSON(same, raw) {
			return nil
		}
	}
	status.ExtraFields = runtime.RawExtension{Raw: raw}
	return nil
}

// sameJSON tells whether two texts hold the same values.
func sameJSON(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var values [2]any
	for i, text := range [][]byte{a, b} {
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		if err := decoder.Decode(&values[i]); err != nil {
			return false
		}
	}
	return reflect.DeepEqual(values[0], values[1])
}

// freeze is the part of a spec that holds from the start of a run: all but the
// request to cancel.
func freeze(spec v1beta1.CustomRunSpec) *v1beta1.CustomRunSpec {
	frozen := spec.DeepCopy()
	frozen.Status, frozen.StatusMessage = "", ""
	return frozen
}

// asStarted gives the run the spec of its start, with today's request to cancel.
func asStarted(run *v1beta1.CustomRun, frozen *v1beta1.CustomRunSpec) *v1beta1.CustomRun {
	view := run.DeepCopy()
	status, message := run.Spec.Status, run.Spec.StatusMessage
	view.Spec = *frozen.DeepCopy()
	view.Spec.Status, view.Spec.StatusMessage = status, message
	return view
}
