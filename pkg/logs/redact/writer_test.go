package redact_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/corbel-dev/corbel/pkg/logs/redact"
)

// masked writes the text in pieces of the sizes that cuts gives, over and over.
func masked(t testing.TB, text string, values []string, cuts []byte) string {
	t.Helper()
	var out bytes.Buffer
	w := redact.NewWriter(&out, values)
	rest := []byte(text)
	for i := 0; len(rest) > 0; i++ {
		n := len(rest)
		if len(cuts) > 0 {
			n = min(n, 1+int(cuts[i%len(cuts)])%7)
		}
		if written, err := w.Write(rest[:n]); err != nil || written != n {
			t.Fatalf("write: %d %v", written, err)
		}
		rest = rest[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// reference masks with the whole text at hand.
func reference(text string, values []string) string {
	hidden := make([]bool, len(text))
	for _, value := range values {
		for i := 0; value != "" && i+len(value) <= len(text); i++ {
			if text[i:i+len(value)] == value {
				for j := range value {
					hidden[i+j] = true
				}
			}
		}
	}
	out := []byte(text)
	for i := range out {
		if hidden[i] {
			out[i] = '*'
		}
	}
	return string(out)
}

// TestMasks: values are hidden wherever the writes are cut.
func TestMasks(t *testing.T) {
	for name, c := range map[string]struct {
		text   string
		values []string
		want   string
	}{
		"none":            {"plain", nil, "plain"},
		"empty value":     {"plain", []string{""}, "plain"},
		"one":             {"a hunter2 b", []string{"hunter2"}, "a ******* b"},
		"twice in a row":  {"hunter2hunter2", []string{"hunter2"}, "**************"},
		"prefix at end":   {"say hunte", []string{"hunter2"}, "say hunte"},
		"overlap itself":  {"xabababx", []string{"abab"}, "x******x"},
		"overlap another": {"abcdef", []string{"abcd", "cdef"}, "******"},
		"inside another":  {"abcdef", []string{"abcdef", "cd"}, "******"},
		"short of long":   {"abcdeX", []string{"abcdef", "bcd"}, "a***eX"},
		"lines":           {"k: line-one-x\nk: line-two-x\n", []string{"line-one-x\nline-two-x\n"}, "k: **********\nk: **********\n"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, cuts := range [][]byte{nil, {0}, {1}, {2, 0}, {6}} {
				if got := masked(t, c.text, c.values, cuts); got != c.want {
					t.Errorf("cuts %v: %q, want %q", cuts, got, c.want)
				}
			}
		})
	}
}

// FuzzMasks: streaming gives what masking the whole text gives.
func FuzzMasks(f *testing.F) {
	f.Add("xababab", "abab", "ba", []byte{0, 1})
	f.Add("aaaaaaaaab", "aaab", "aa", []byte{3})
	f.Add("the quick brown fox", "quick", "k b", []byte{2, 5, 1})
	f.Fuzz(func(t *testing.T, text, a, b string, cuts []byte) {
		if strings.ContainsAny(a+b, "\r\n") {
			return
		}
		values := []string{a, b}
		if got, want := masked(t, text, values, cuts), reference(text, values); got != want {
			t.Errorf("values %q cuts %v: %q, want %q", values, cuts, got, want)
		}
	})
}
