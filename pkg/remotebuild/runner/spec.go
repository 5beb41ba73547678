package runner

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Bounds of a Spec.
const (
	MaxSteps       = 64
	MaxSpecBytes   = 4 << 20
	MinSecretBytes = 4
	// EnvPrefix is what the runner's own variables begin with.
	EnvPrefix = "CORBEL_"
)

var (
	idPattern   = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,99}$`)
	stepPattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	envPattern  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// ID names a build after the run and the attempt that it belongs to.
func ID(uid string, attempt int) string { return fmt.Sprintf("%s-%d", uid, attempt) }

// Spec is one build. It arrives on stdin; all but the secrets' values is kept in spec.json.
type Spec struct {
	ID    string `json:"id"`
	Epoch int64  `json:"epoch"`
	Steps []Step `json:"steps"`
	// Env is given to all steps.
	Env     map[string]string `json:"env,omitempty"`
	Secrets []Secret          `json:"secrets,omitempty"`
	Limits  Limits            `json:"limits,omitzero"`
	// Grace is between the first signal and the kill. Zero kills at once.
	Grace Duration `json:"grace,omitzero"`
	// Timeout bounds all steps together. Zero means no bound.
	Timeout Duration `json:"timeout,omitzero"`
	// Orphan is how long the build goes on when nobody attaches or renews.
	// Zero means for ever: such a build can never be started elsewhere safely.
	Orphan Duration `json:"orphan,omitzero"`
}

// Step is one phase of a build, with a log and an exit of its own. What it leaves
// running is killed when its main process ends, as in a container.
type Step struct {
	Name string `json:"name"`
	// Args is the command. Exactly one of Args and Script is set.
	Args []string `json:"args,omitempty"`
	// Script runs by its #! line, or by /bin/sh.
	Script string            `json:"script,omitempty"`
	Env    map[string]string `json:"env,omitempty"`
	// Dir is where it runs: absolute, or below the build's work directory.
	Dir     string   `json:"dir,omitempty"`
	Timeout Duration `json:"timeout,omitzero"`
	// Always runs the step also after a failure, though never after a stop.
	Always bool `json:"always,omitempty"`
}

// Secret is a variable of some steps' environment whose value is masked in all logs.
type Secret struct {
	Name  string `json:"name"`
	Value string `json:"value,omitempty"`
	// Steps are those that get it. None means all.
	Steps []string `json:"steps,omitempty"`
}

// For is true when the step gets the secret.
func (s Secret) For(step string) bool {
	return len(s.Steps) == 0 || slices.Contains(s.Steps, step)
}

// Limits hold where the host has a cgroup for them; Status.Unenforced names the others.
type Limits struct {
	MemoryBytes int64 `json:"memoryBytes,omitempty"`
	// CPUMillis is in thousandths of one core.
	CPUMillis int64 `json:"cpuMillis,omitempty"`
	Processes int64 `json:"processes,omitempty"`
}

// Duration is a time.Duration that JSON shows as "1m30s".
type Duration time.Duration

// MarshalText writes it as time.Duration does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	*d = Duration(v)
	return err
}

// fenceMargin covers noticing the deadline and the kill itself.
const fenceMargin = 30 * time.Second

// FencedAfter is how long after the last start, attach or renewal that may have reached
// the host the build is surely over, so that it may be started elsewhere. It is false
// for a build that waits for ever.
func (s Spec) FencedAfter() (time.Duration, bool) {
	return time.Duration(s.Orphan) + time.Duration(s.Grace) + fenceMargin, s.Orphan > 0
}

// Public is the spec without the values of its secrets.
func (s Spec) Public() Spec {
	s.Secrets = slices.Clone(s.Secrets)
	for i := range s.Secrets {
		s.Secrets[i].Value = ""
	}
	return s
}

// Validate says what is wrong with the spec as a Refusal, or nil.
func (s Spec) Validate() error {
	switch {
	case !ValidID(s.ID):
		return refuse(ReasonInvalidSpec, "id %q must match %s", s.ID, idPattern)
	case s.Epoch < 1:
		return refuse(ReasonInvalidSpec, "epoch %d must be at least 1", s.Epoch)
	case len(s.Steps) == 0 || len(s.Steps) > MaxSteps:
		return refuse(ReasonInvalidSpec, "steps: %d given, 1 to %d wanted", len(s.Steps), MaxSteps)
	case s.Grace < 0 || s.Timeout < 0 || s.Orphan < 0:
		return refuse(ReasonInvalidSpec, "grace, timeout and orphan must not be negative")
	}
	seen := map[string]bool{}
	for _, step := range s.Steps {
		if seen[step.Name] {
			return refuse(ReasonInvalidSpec, "steps: the name %q occurs twice", step.Name)
		}
		seen[step.Name] = true
		if err := step.validate(); err != nil {
			return err
		}
	}
	if err := validEnv("env", s.Env); err != nil {
		return err
	}
	return s.validateSecrets(seen)
}

// ValidID is true for what may name a build directory.
func ValidID(id string) bool { return idPattern.MatchString(id) }

func (s Step) validate() error {
	hasArgs := len(s.Args) > 0 && s.Args[0] != ""
	switch {
	case !stepPattern.MatchString(s.Name):
		return refuse(ReasonInvalidSpec, "step %q: the name must match %s", s.Name, stepPattern)
	case hasArgs == (s.Script != ""):
		return refuse(ReasonInvalidSpec, "step %q: give either args or script", s.Name)
	case s.Timeout < 0:
		return refuse(ReasonInvalidSpec, "step %q: timeout must not be negative", s.Name)
	case s.Dir != "" && !filepath.IsAbs(s.Dir) && !filepath.IsLocal(s.Dir):
		return refuse(ReasonInvalidSpec, "step %q: dir %q leaves the work directory", s.Name, s.Dir)
	case slices.ContainsFunc(append([]string{s.Dir}, s.Args...), hasNUL):
		return refuse(ReasonInvalidSpec, "step %q: dir and args must not contain a zero byte", s.Name)
	}
	return validEnv("step "+s.Name+": env", s.Env)
}

func hasNUL(s string) bool { return strings.ContainsRune(s, 0) }

func validEnv(field string, env map[string]string) error {
	for name, value := range env {
		if err := validEnvName(field, name); err != nil {
			return err
		}
		if hasNUL(value) {
			return refuse(ReasonInvalidSpec, "%s: the value of %q contains a zero byte", field, name)
		}
	}
	return nil
}

func validEnvName(field, name string) error {
	if !envPattern.MatchString(name) || strings.HasPrefix(name, EnvPrefix) {
		return refuse(ReasonInvalidSpec, "%s: %q must match %s and not begin with %s",
			field, name, envPattern, EnvPrefix)
	}
	return nil
}

func (s Spec) validateSecrets(steps map[string]bool) error {
	public, err := json.Marshal(s.Public())
	if err != nil {
		return refuse(ReasonInvalidSpec, "spec: %v", err)
	}
	for _, secret := range s.Secrets {
		if err := validEnvName("secrets", secret.Name); err != nil {
			return err
		}
		if err := secret.validate(steps, string(public)); err != nil {
			return err
		}
	}
	return nil
}

// validate wants the value in no other place, since all others are kept on disk.
func (s Secret) validate(steps map[string]bool, public string) error {
	for _, step := range s.Steps {
		if !steps[step] {
			return refuse(ReasonInvalidSpec, "secret %q: there is no step %q", s.Name, step)
		}
	}
	quoted, err := json.Marshal(s.Value)
	switch {
	case s.Value == "":
		return nil
	case err != nil || hasNUL(s.Value):
		return refuse(ReasonInvalidSpec, "secret %q: the value contains a zero byte", s.Name)
	case len(s.Value) < MinSecretBytes:
		return refuse(ReasonInvalidSpec, "secret %q: a value of less than %d bytes cannot be masked", s.Name, MinSecretBytes)
	case len(s.Value) >= 8 && strings.Contains(public, string(quoted[1:len(quoted)-1])):
		return refuse(ReasonSecretInSpec, "secret %q: its value also stands in a script, an argument or env; use the variable", s.Name)
	}
	return nil
}
