package redact_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/corbel-dev/corbel/pkg/logs/redact"
)

// masked writes text in pieces of n bytes.
func masked(t *testing.T, text string, n int, secrets ...string) string {
	t.Helper()
	var out bytes.Buffer
	w := redact.NewWriter(&out, secrets...)
	for rest := []byte(text); len(rest) > 0; {
		k := min(n, len(rest))
		if _, err := w.Write(rest[:k]); err != nil {
			t.Fatal(err)
		}
		rest = rest[k:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestMask(t *testing.T) {
	for name, tc := range map[string]struct {
		secrets    []string
		text, want string
	}{
		"a value":                     {[]string{"hunter2"}, "pw=hunter2!", "pw=*******!"},
		"twice, back to back":         {[]string{"abcd"}, "abcdabcd", "********"},
		"one within another":          {[]string{"secret", "topsecretkey"}, "topsecretkey secret", "************ ******"},
		"two that overlap":            {[]string{"abcde", "defgh"}, "xabcdefghx", "x********x"},
		"a beginning that is no more": {[]string{"hunter2"}, "hunter hunt", "hunter hunt"},
		"a line of several":           {[]string{"line-one\nline-two\n"}, "a line-two b", "a ******** b"},
		"too short to hide":           {[]string{"abc"}, "abc", "abc"},
		"nothing to hide":             {nil, "abc", "abc"},
		"a value of one letter":       {[]string{"aaaa"}, "aaaaaaa", "*******"},
	} {
		for _, n := range []int{1, 2, 3, 1000} {
			if got := masked(t, tc.text, n, tc.secrets...); got != tc.want {
				t.Errorf("%s, in pieces of %d: %q, want %q", name, n, got, tc.want)
			}
		}
	}
}

// FuzzMask: however it is cut, a value never shows, and the length holds.
func FuzzMask(f *testing.F) {
	f.Add("some hunter2 text", "hunter2", 3)
	f.Add("aaaa", "aaaa", 1)
	f.Fuzz(func(t *testing.T, text, secret string, n int) {
		if n < 1 {
			n = 1
		}
		got := masked(t, text, n, secret)
		if len(got) != len(text) {
			t.Fatalf("%d bytes became %d", len(text), len(got))
		}
		if len(secret) >= 4 && strings.Trim(secret, "*") != "" && !strings.Contains(secret, "*") && strings.Contains(got, secret) {
			t.Fatalf("%q shows in %q", secret, got)
		}
	})
}
