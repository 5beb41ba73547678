package conformance

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"

	"github.com/corbel-dev/corbel/pkg/customrun/customruntest"
)

// onFakes is where each point is shown on fakes, for each kind.
const onFakes = "TestApprovalKeepsTheContract, TestPauseKeepsTheContract"

var shown = struct {
	sync.Mutex
	passed, failed map[int][]string
}{passed: map[int][]string{}, failed: map[int][]string{}}

// shows says which points of the contract a test shows.
func shows(t *testing.T, points ...int) {
	t.Helper()
	t.Cleanup(func() {
		shown.Lock()
		defer shown.Unlock()
		_, name, _ := strings.Cut(t.Name(), "/")
		for _, p := range points {
			if t.Failed() {
				shown.failed[p] = append(shown.failed[p], name)
			} else {
				shown.passed[p] = append(shown.passed[p], name)
			}
		}
	})
}

// printTable says for each point where it was shown and what came of it.
func printTable(out io.Writer) {
	shown.Lock()
	defer shown.Unlock()
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "\non fakes: all points, by %s\n\npoint\tsays\tby\tresult\treal Tekton\n", onFakes)
	for _, p := range customruntest.Points {
		passed, failed := shown.passed[p.Number], shown.failed[p.Number]
		slices.Sort(passed)
		slices.Sort(failed)
		by, result := "fakes + real", "pass"
		switch {
		case len(failed) > 0:
			result = "FAIL"
		case len(passed) == 0:
			by, result = "fakes", "not run"
		}
		_, _ = fmt.Fprintf(w, "%02d\t%s\t%s\t%s\t%s\n", p.Number, p.Says, by, result, strings.Join(append(failed, passed...), "; "))
	}
	_ = w.Flush()
}
