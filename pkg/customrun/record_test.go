package customrun

import (
	"encoding/json"
	"testing"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
)

// TestRecordIsNotWrittenAnewForItsSpelling: the API server returns the keys of
// extraFields in its own order, and no write must follow from that.
func TestRecordIsNotWrittenAnewForItsSpelling(t *testing.T) {
	const stored = `{"state":{"b":1,"a":12345678901234567},"spec":{"serviceAccountName":"x"}}`
	for name, tc := range map[string]struct {
		state string
		want  bool // written
	}{
		"the same in another order": {`{"a":12345678901234567,"b":1}`, false},
		"another value":             {`{"a":12345678901234567,"b":2}`, true},
		"another large number":      {`{"a":12345678901234568,"b":1}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			status := &v1beta1.CustomRunStatus{}
			status.ExtraFields.Raw = []byte(stored)
			r, err := readRecord(status)
			if err != nil {
				t.Fatal(err)
			}
			r.State = json.RawMessage(tc.state)
			if err := writeRecord(status, r); err != nil {
				t.Fatal(err)
			}
			if written := string(status.ExtraFields.Raw) != stored; written != tc.want {
				t.Errorf("written %v, want %v: %s", written, tc.want, status.ExtraFields.Raw)
			}
		})
	}
}
