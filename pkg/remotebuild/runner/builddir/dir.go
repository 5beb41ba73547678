package builddir

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/corbel-dev/corbel/pkg/remotebuild/runner"
	"github.com/corbel-dev/corbel/pkg/remotebuild/runner/process"
)

// Dir is the directory of one build.
type Dir struct{ Path, ID string }

// Supervisor is who runs the build.
type Supervisor struct {
	process.Identity
	process.Record
}

// Cancel is a wish to stop.
type Cancel struct {
	Grace  *runner.Duration `json:"grace,omitempty"`
	Reason runner.Reason    `json:"reason"`
}

const (
	specFile       = "spec.json"
	epochFile      = "epoch"
	supervisorFile = "supervisor.json"
	beatFile       = "hb"
	leaseFile      = "lease"
	cancelFile     = "cancel"
	resultFile     = "rc"
	reserveFile    = "rc.reserve"
	lockFile       = "lock"
	logFile        = "log"
	scriptFile     = "script"
	// reserveBytes is kept so that a result fits on a full disk.
	reserveBytes = 64 << 10
)

// File is the path of a file in the directory.
func (d Dir) File(parts ...string) string {
	return filepath.Join(append([]string{d.Path}, parts...)...)
}

// Work is where steps run, Out where they leave artifacts.
func (d Dir) Work() string { return d.File("work") }

// Out is where steps leave artifacts.
func (d Dir) Out() string { return d.File("out") }

// Lease is the file whose time says when somebody last wanted the build.
func (d Dir) Lease() string { return d.File(leaseFile) }

// Log is the path of a step's log.
func (d Dir) Log(step string) string { return d.File("steps", step, logFile) }

// Fence refuses an epoch lower than the highest one seen, and keeps a higher one. 0 asks
// for nothing.
func (d Dir) Fence(epoch int64) error {
	if epoch == 0 {
		return nil
	}
	unlock, err := d.Lock()
	if err != nil {
		return err
	}
	defer unlock()
	return d.fence(epoch)
}

// fence is called with the lock held.
func (d Dir) fence(epoch int64) error {
	seen, err := d.Epoch()
	switch {
	case err != nil:
		return err
	case epoch < seen:
		return runner.Refuse(runner.ReasonStaleEpoch, "epoch %d of build %s is over: it is at %d", epoch, d.ID, seen)
	case epoch == seen:
		return nil
	}
	return d.replace(epochFile, []byte(strconv.FormatInt(epoch, 10)+"\n"))
}

// Epoch is the highest that was seen, or 0.
func (d Dir) Epoch() (int64, error) {
	b, err := os.ReadFile(d.File(epochFile))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read epoch: %w", err)
	}
	return strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
}

// Populate fills a directory that was just created, before its supervisor starts.
func (d Dir) Populate(spec runner.Spec) error {
	for _, dir := range []string{d.Work(), d.Out()} {
		if err := os.MkdirAll(dir, private); err != nil {
			return fmt.Errorf("populate: %w", err)
		}
	}
	for _, step := range spec.Steps {
		if err := os.MkdirAll(d.File("steps", step.Name), private); err != nil {
			return fmt.Errorf("populate: %w", err)
		}
	}
	if err := os.WriteFile(d.File(reserveFile), make([]byte, reserveBytes), privateFile); err != nil {
		return fmt.Errorf("reserve room for the result: %w", err)
	}
	if err := d.replaceJSON(specFile, spec.Public()); err != nil {
		return err
	}
	return errors.Join(d.Touch(leaseFile), d.Fence(spec.Epoch))
}

// Spec is the one of the start, without the values of secrets.
func (d Dir) Spec() (runner.Spec, error) {
	var spec runner.Spec
	_, err := d.readJSON(&spec, specFile)
	return spec, err
}

// Claim makes the caller the supervisor, unless the build is over already.
func (d Dir) Claim(s Supervisor) error {
	unlock, err := d.Lock()
	if err != nil {
		return err
	}
	defer unlock()
	if result, err := d.Result(); err != nil || result != nil {
		return errors.Join(fmt.Errorf("build %s is over already", d.ID), err)
	}
	if old, err := d.Supervisor(); err != nil || old != nil {
		return errors.Join(fmt.Errorf("build %s has a supervisor already", d.ID), err)
	}
	return errors.Join(d.Beat(), d.replaceJSON(supervisorFile, s))
}

// Supervisor is who claimed the build, or nil.
func (d Dir) Supervisor() (*Supervisor, error) {
	var s Supervisor
	found, err := d.readJSON(&s, supervisorFile)
	if !found {
		return nil, err
	}
	return &s, err
}

// Beat says that the supervisor lives.
func (d Dir) Beat() error { return d.Touch(beatFile) }

// Renew says that somebody still wants the build.
func (d Dir) Renew() error { return d.Touch(leaseFile) }

// Touch sets the time of a file, by the clock of its file system.
func (d Dir) Touch(name string) error {
	// The byte is written over, so that a full disk does not stop a beating heart.
	f, err := os.OpenFile(d.File(name), os.O_WRONLY|os.O_CREATE, privateFile)
	if err != nil {
		return fmt.Errorf("touch %s: %w", name, err)
	}
	_, err = f.WriteString("\n")
	return errors.Join(err, f.Close())
}

// RequestCancel leaves the wish for the supervisor. The first wish stands.
func (d Dir) RequestCancel(c Cancel) error {
	if old, err := d.CancelRequested(); err != nil || old != nil {
		return err
	}
	return d.replaceJSON(cancelFile, c)
}

// CancelRequested is the wish, or nil.
func (d Dir) CancelRequested() (*Cancel, error) {
	var c Cancel
	found, err := d.readJSON(&c, cancelFile)
	if !found {
		return nil, err
	}
	return &c, err
}

// PutResult writes the result unless there is one: the first stands.
func (d Dir) PutResult(r runner.Result) error {
	unlock, err := d.Lock()
	if err != nil {
		return err
	}
	defer unlock()
	return d.putResult(r)
}

// Abandon writes the result of a build that nobody claimed. A supervisor that comes
// later finds it and does not start.
func (d Dir) Abandon(r runner.Result) error {
	unlock, err := d.Lock()
	if err != nil {
		return err
	}
	defer unlock()
	if s, err := d.Supervisor(); err != nil || s != nil {
		return err
	}
	return d.putResult(r)
}

// putResult is called with the lock held.
func (d Dir) putResult(r runner.Result) error {
	if old, err := d.Result(); err != nil || old != nil {
		return err
	}
	b, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode result: %w", err)
	}
	// The reserve has its blocks: it is written over, and then takes the result's name.
	f, err := os.OpenFile(d.File(reserveFile), os.O_WRONLY|os.O_CREATE, privateFile)
	if err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Truncate(int64(len(b))), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(d.File(reserveFile), d.File(resultFile))
	}
	if err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return syncDir(d.Path)
}

// Result is how the build ended, or nil.
func (d Dir) Result() (*runner.Result, error) {
	var r runner.Result
	found, err := d.readJSON(&r, resultFile)
	if !found {
		return nil, err
	}
	return &r, err
}

// PutStepResult writes a step's result, after its log is complete.
func (d Dir) PutStepResult(r runner.StepResult) error {
	return d.replaceJSON(filepath.Join("steps", r.Name, resultFile), r)
}

// StepResult is how a step ended, or nil.
func (d Dir) StepResult(step string) (*runner.StepResult, error) {
	var r runner.StepResult
	found, err := d.readJSON(&r, "steps", step, resultFile)
	if !found {
		return nil, err
	}
	return &r, err
}

// PutScript writes a step's script and gives its path.
func (d Dir) PutScript(step, script string) (string, error) {
	path := d.File("steps", step, scriptFile)
	if err := os.WriteFile(path, []byte(script), private); err != nil {
		return "", fmt.Errorf("write script: %w", err)
	}
	return path, nil
}

// age is since the file was touched.
func (d Dir) age(name string, now time.Time) time.Duration {
	info, err := os.Stat(d.File(name))
	if err != nil {
		return 0
	}
	return now.Sub(info.ModTime())
}

func (d Dir) replaceJSON(name string, value any) error {
	b, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	return d.replace(name, b)
}

// replace puts a whole file in the place of another, so that no reader sees a part.
func (d Dir) replace(name string, content []byte) error {
	path := d.File(name)
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("write %s: %w", name, err)
	}
	return syncDir(filepath.Dir(path))
}

// readJSON is false for a file that is not there.
func (d Dir) readJSON(value any, parts ...string) (bool, error) {
	b, err := os.ReadFile(d.File(parts...))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read %s: %w", strings.Join(parts, "/"), err)
	}
	if err := json.Unmarshal(b, value); err != nil {
		return false, fmt.Errorf("read %s: %w", strings.Join(parts, "/"), err)
	}
	return true, nil
}
