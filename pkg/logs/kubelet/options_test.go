package kubelet

import (
	"bufio"
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/corbel-dev/corbel/pkg/logs"
)

// row is what the kubelet makes of a query.
type row struct {
	Query, Text string
	Code        int
	Options     *corev1.PodLogOptions
}

// TestOptionsAreThoseOfTheKubelet compares with what the kubelet's own code says.
func TestOptionsAreThoseOfTheKubelet(t *testing.T) {
	file, err := os.Open("testdata/options.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	rows := 0
	for lines := bufio.NewScanner(file); lines.Scan(); rows++ {
		var want row
		if err := json.Unmarshal(lines.Bytes(), &want); err != nil {
			t.Fatal(err)
		}
		t.Run(want.Query, want.check)
	}
	if rows < 60 {
		t.Errorf("only %d rows", rows)
	}
}

func (want row) check(t *testing.T) {
	query, err := url.ParseQuery(want.Query)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decode(query)
	if err == nil {
		err = validate(got)
	}
	code, text := 200, ""
	if refused := new(refusal); errors.As(err, &refused) {
		code, text = refused.code, refused.text
	}
	if code != want.Code || (want.Text != "" && text != want.Text) {
		t.Fatalf("answer %d %s, the kubelet's is %d %s", code, text, want.Code, want.Text)
	}
	if code != 200 {
		return
	}
	if diff := cmp.Diff(written(t, want.Options), written(t, got)); diff != "" {
		t.Errorf("options (- kubelet, + ours):\n%s", diff)
	}
}

// written is the form in which the rows are kept: whole seconds, in UTC.
func written(t *testing.T, o *corev1.PodLogOptions) string {
	t.Helper()
	raw, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Replace(string(raw), `{"sinceTime":null}`, "{}", 1) // a time that is none
}

func TestReadOptions(t *testing.T) {
	now := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	for query, want := range map[string]logs.ReadOptions{
		"":                                 {},
		"follow=1&timestamps=1":            {Follow: true, Timestamps: true},
		"tailLines=2&limitBytes=3":         {TailLines: ptr.To[int64](2), LimitBytes: ptr.To[int64](3)},
		"sinceSeconds=60":                  {Since: now.Add(-time.Minute)},
		"sinceTime=2026-01-02T13:00:00.5Z": {Since: now.Add(time.Hour + time.Second/2)},
		"sinceTime=":                       {},
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		o, err := decode(values)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, readOptions(o, now)); diff != "" {
			t.Errorf("%q (- want, + got):\n%s", query, diff)
		}
	}
}
