package runner_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/corbel-dev/corbel/pkg/remotebuild/runner"
)

func good() runner.Spec {
	return runner.Spec{
		ID: runner.ID("0b1c", 2), Epoch: 1, Env: map[string]string{"A": "b"},
		Secrets: []runner.Secret{{Name: "TOKEN", Value: "a-long-secret", Steps: []string{"build"}}},
		Steps:   []runner.Step{{Name: "build", Script: "make"}, {Name: "pack", Args: []string{"tar"}, Dir: "out"}},
	}
}

// TestValidate: what is wrong is named, and has a reason.
func TestValidate(t *testing.T) {
	if err := good().Validate(); err != nil {
		t.Fatalf("good: %v", err)
	}
	for name, c := range map[string]struct {
		spoil func(*runner.Spec)
		says  string
	}{
		"path as an id":         {func(s *runner.Spec) { s.ID = "../x" }, `id "../x"`},
		"no id":                 {func(s *runner.Spec) { s.ID = "" }, "id"},
		"no epoch":              {func(s *runner.Spec) { s.Epoch = 0 }, "epoch"},
		"no steps":              {func(s *runner.Spec) { s.Steps = nil }, "steps"},
		"negative grace":        {func(s *runner.Spec) { s.Grace = -1 }, "grace"},
		"two steps of one name": {func(s *runner.Spec) { s.Steps[1].Name = "build" }, "twice"},
		"step name with slash":  {func(s *runner.Spec) { s.Steps[0].Name = "a/b" }, "a/b"},
		"script and args":       {func(s *runner.Spec) { s.Steps[0].Args = []string{"x"} }, "either"},
		"neither":               {func(s *runner.Spec) { s.Steps[0].Script = "" }, "either"},
		"dir that leaves":       {func(s *runner.Spec) { s.Steps[1].Dir = "a/../../b" }, "leaves"},
		"zero byte":             {func(s *runner.Spec) { s.Steps[1].Args = []string{"a\x00"} }, "zero byte"},
		"own variable":          {func(s *runner.Spec) { s.Env["CORBEL_X"] = "" }, "CORBEL_X"},
		"odd variable":          {func(s *runner.Spec) { s.Steps[0].Env = map[string]string{"A=B": ""} }, "A=B"},
		"secret of no step":     {func(s *runner.Spec) { s.Secrets[0].Steps = []string{"x"} }, `no step "x"`},
		"secret too short":      {func(s *runner.Spec) { s.Secrets[0].Value = "abc" }, "masked"},
	} {
		s := good()
		c.spoil(&s)
		err := s.Validate()
		if runner.RefusalReason(err) != runner.ReasonInvalidSpec || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, spoil := range map[string]func(*runner.Spec){
		"in a script":    func(s *runner.Spec) { s.Steps[0].Script = "curl -H a-long-secret" },
		"in an argument": func(s *runner.Spec) { s.Steps[1].Args = []string{"x", "--token=a-long-secret"} },
		"in env":         func(s *runner.Spec) { s.Env["A"] = "a-long-secret" },
	} {
		s := good()
		spoil(&s)
		err := s.Validate()
		if runner.RefusalReason(err) != runner.ReasonSecretInSpec || strings.Contains(err.Error(), "a-long-secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPublic: the copy has no values, and the spec keeps its own.
func TestPublic(t *testing.T) {
	s := good()
	b, err := json.Marshal(s.Public())
	if err != nil || strings.Contains(string(b), "a-long-secret") || !strings.Contains(string(b), "TOKEN") {
		t.Errorf("%s %v", b, err)
	}
	if s.Secrets[0].Value != "a-long-secret" {
		t.Error("the spec lost its value")
	}
}

// TestFencedAfter: a build without an orphan deadline is never surely over.
func TestFencedAfter(t *testing.T) {
	s := good()
	if _, ok := s.FencedAfter(); ok {
		t.Error("fenced without a deadline")
	}
	s.Orphan, s.Grace = runner.Duration(time.Minute), runner.Duration(10*time.Second)
	if after, ok := s.FencedAfter(); !ok || after <= 70*time.Second {
		t.Errorf("%s %v", after, ok)
	}
}

// TestDuration: JSON shows durations as people write them.
func TestDuration(t *testing.T) {
	b, err := json.Marshal(runner.Spec{Grace: runner.Duration(90 * time.Second)})
	if err != nil || !strings.Contains(string(b), `"grace":"1m30s"`) || strings.Contains(string(b), "orphan") {
		t.Errorf("%s %v", b, err)
	}
	var s runner.Spec
	if err := json.Unmarshal([]byte(`{"grace":"soon"}`), &s); err == nil {
		t.Error("took rubbish")
	}
}
