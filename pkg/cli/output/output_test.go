package output

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestATableKeepsItsColumnsWhileRowsCome(t *testing.T) {
	var b bytes.Buffer
	var table Table
	if err := table.Write(&b, []string{"NAME", "AGE"}, []string{"sign-off", "5m"}, []string{"", "1h"}); err != nil {
		t.Fatal(err)
	}
	if err := table.Write(&b, []string{"é", "2h"}); err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		"NAME       AGE",
		"sign-off   5m",
		"-          1h",
		"é          2h",
		"",
	}, "\n")
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

func TestTextOfOthersIsSafeForATerminal(t *testing.T) {
	cases := map[string]struct{ in, want string }{
		"plain text stays":                     {"Release 1.2", "Release 1.2"},
		"a newline becomes a space":            {"a\n\n b", "a b"},
		"an escape sequence is disarmed":       {"\x1b[2Jgone", "\ufffd[2Jgone"},
		"a character that reorders is shown":   {"ab\u202ecd", "ab\ufffdcd"},
		"letters of all scripts are untouched": {"发布 ✓", "发布 ✓"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := Line(c.in); got != c.want {
				t.Errorf("Line(%q) = %q, want %q", c.in, got, c.want)
			}
		})
	}
}

func TestShortTextIsCutByCharacters(t *testing.T) {
	if got, want := Short("发布发布发布", 4), "发布发…"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := Short("fits", 4), "fits"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAnObjectIsWrittenInEveryFormat(t *testing.T) {
	kind := Kind{GroupVersionKind: corev1.SchemeGroupVersion.WithKind("ConfigMap"), Singular: "configmap"}
	kind.Group = "example.dev"
	cases := map[string]struct {
		format Format
		want   string
	}{
		"by name": {Name, "configmap.example.dev/a\n"},
		"as YAML": {YAML, "---\napiVersion: example.dev/v1\nkind: ConfigMap\nmetadata:\n  name: a\n"},
		"as JSON": {JSON, "{\n    \"kind\": \"ConfigMap\",\n    \"apiVersion\": \"example.dev/v1\",\n    \"metadata\": {\n        \"name\": \"a\"\n    }\n}\n"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			o := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "a", ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "m"}}}}
			var b bytes.Buffer
			if err := kind.Write(&b, c.format, o); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, b.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnUnknownFormatIsRefusedWithTheKnownOnes(t *testing.T) {
	err := Format("xml").Check(JSON, YAML)
	if err == nil || err.Error() != "-o xml is not known; use one of: json, yaml" {
		t.Errorf("got %v", err)
	}
	if err := Text.Check(JSON); err != nil {
		t.Errorf("text is always allowed, got %v", err)
	}
}
