package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/corbel-dev/corbel/pkg/remotebuild/runner"
	"github.com/corbel-dev/corbel/pkg/remotebuild/runner/builddir"
	"github.com/corbel-dev/corbel/pkg/remotebuild/runner/process"
	"github.com/corbel-dev/corbel/pkg/remotebuild/runner/supervisor"
)

const (
	// readyWithin is how long a supervisor may take to claim its build.
	readyWithin = 20 * time.Second
	// otherWithin is how long the loser of a race waits for the winner to fill the directory.
	otherWithin  = 2 * time.Second
	pollPause    = 20 * time.Millisecond
	maxReport    = 4096
	outputMode   = 0o600
	readyFD      = 3
	outputFile   = "supervisor.log"
	failedToExit = -1
)

// start makes the build's directory and its supervisor. If the directory is there
// already, somebody else has, and their build is reported.
func (c *call) start(ctx context.Context) (any, error) {
	var spec runner.Spec
	if err := c.read(&spec); err != nil {
		return nil, err
	}
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	if process.Containment() == process.ContainmentNone {
		return nil, runner.Refuse(runner.ReasonUnsupported, "this system cannot supervise builds")
	}
	if err := c.root.Prepare(); err != nil {
		return nil, err
	}
	dir, created, err := c.root.Create(spec.ID)
	if err != nil {
		return nil, err
	}
	if created {
		err = c.begin(ctx, dir, spec)
	} else {
		err = c.join(dir, spec)
	}
	if err != nil {
		return nil, err
	}
	view, err := dir.Look(c.Clock.Now())
	return runner.StartReply{Created: created, Status: view.Status}, err
}

// begin fills the new directory. A build that cannot begin is closed, so that it can be
// told from one that may still come.
func (c *call) begin(ctx context.Context, dir builddir.Dir, spec runner.Spec) error {
	err := dir.Populate(spec)
	if err == nil {
		err = c.spawn(ctx, dir, spec.Secrets)
	}
	if err == nil {
		return nil
	}
	return errors.Join(err, dir.Abandon(runner.Result{
		Reason: runner.ReasonNeverStarted, Message: err.Error(), Code: failedToExit, Ended: c.Clock.Now(),
	}))
}

// join waits until the winner has filled the directory.
func (c *call) join(dir builddir.Dir, spec runner.Spec) error {
	deadline := c.Clock.Now().Add(otherWithin)
	for c.Clock.Now().Before(deadline) {
		if epoch, err := dir.Epoch(); err != nil || epoch > 0 {
			break
		}
		c.Clock.Sleep(pollPause)
	}
	if err := dir.Fence(spec.Epoch); err != nil {
		return err
	}
	return dir.Renew()
}

// spawn starts the supervisor, detached from this process, its session and its streams.
func (c *call) spawn(ctx context.Context, dir builddir.Dir, secrets []runner.Secret) error {
	output, err := os.OpenFile(dir.File(outputFile), os.O_WRONLY|os.O_CREATE|os.O_APPEND, outputMode)
	if err != nil {
		return fmt.Errorf("start supervisor: %w", err)
	}
	defer func() { _ = output.Close() }()
	report, ready, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("start supervisor: %w", err)
	}
	defer func() { _ = report.Close() }()
	process.HideDescriptors()
	//nolint:gosec // It is this program itself; the id was validated.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), c.Executable,
		runner.CommandSupervise, "-root", c.root.Path, "-id", dir.ID)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = c.root.Path, output, output, []*os.File{ready}
	detach(cmd)
	stdin, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	_ = ready.Close()
	if err != nil {
		return fmt.Errorf("start supervisor: %w", err)
	}
	values := map[string]string{}
	for _, secret := range secrets {
		values[secret.Name] = secret.Value
	}
	// A supervisor that does not read says so in its report.
	_ = errors.Join(json.NewEncoder(stdin).Encode(values), stdin.Close())
	return c.confirm(report)
}

// confirm waits for the supervisor's claim.
func (c *call) confirm(report *os.File) error {
	said := make(chan string, 1)
	go func() {
		b, _ := io.ReadAll(io.LimitReader(report, maxReport))
		said <- string(b)
	}()
	timer := c.Clock.NewTimer(readyWithin)
	defer timer.Stop()
	select {
	case text := <-said:
		if text != "" {
			return fmt.Errorf("the supervisor could not begin: %s", text)
		}
		return nil
	case <-timer.C():
		return fmt.Errorf("the supervisor did not begin within %s", readyWithin)
	}
}

// supervise is the detached process that start made.
func (c *call) supervise(ctx context.Context) error {
	dir, err := c.root.Open(c.id)
	if err != nil {
		return err
	}
	return supervisor.Run(ctx, supervisor.Options{
		Dir: dir, Secrets: c.Stdin, Ready: os.NewFile(readyFD, "ready"), Clock: c.Clock,
	})
}
