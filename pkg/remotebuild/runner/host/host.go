package host

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime"
	"syscall"

	"k8s.io/utils/clock"

	"github.com/corbel-dev/corbel/pkg/remotebuild/runner"
	"github.com/corbel-dev/corbel/pkg/remotebuild/runner/builddir"
)

// Exit codes of the helper. A refusal is an answer, and its code is 0.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

// Host is one run of the helper.
type Host struct {
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	Clock  clock.WithTicker
	// Executable is the helper's own file, which start runs again.
	Executable string
}

// call is one command with its flags.
type call struct {
	*Host
	root   builddir.Root
	id     string
	epoch  int64
	step   string
	offset int64
}

// Main runs the command that the arguments name, and gives the exit code.
func (h *Host) Main(ctx context.Context, args []string) int {
	if len(args) == 0 {
		_, _ = fmt.Fprintln(h.Stderr, "usage: corbel-runner COMMAND [FLAGS] <REQUEST, with COMMAND one of "+
			"start status attach renew cancel remove probe gc version")
		return exitUsage
	}
	c, err := h.parse(args[0], args[1:])
	if err != nil {
		_, _ = fmt.Fprintln(h.Stderr, err)
		return exitUsage
	}
	if err := c.dispatch(ctx, args[0]); err != nil {
		_, _ = fmt.Fprintln(h.Stderr, err)
		return exitError
	}
	return exitOK
}

func (h *Host) parse(command string, args []string) (*call, error) {
	c := &call{Host: h}
	flags := flag.NewFlagSet(command, flag.ContinueOnError)
	flags.SetOutput(h.Stderr)
	flags.StringVar(&c.root.Path, "root", "", "directory of the builds (default ~/.corbel)")
	flags.StringVar(&c.id, "id", "", "build (attach)")
	flags.Int64Var(&c.epoch, "epoch", 0, "epoch of the caller (attach)")
	flags.StringVar(&c.step, "step", "", "step to begin with (attach; default the first)")
	flags.Int64Var(&c.offset, "offset", 0, "byte of the step's log to begin with (attach)")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if c.root.Path != "" {
		return c, nil
	}
	root, err := builddir.Default()
	c.root = root
	return c, err
}

// dispatch runs the command. Its error is for stderr: refusals go to stdout.
func (c *call) dispatch(ctx context.Context, command string) error {
	switch command {
	case runner.CommandAttach:
		return c.attach(ctx)
	case runner.CommandSupervise:
		return c.supervise(ctx)
	}
	value, err := c.answer(ctx, command)
	return runner.WriteReply(c.Stdout, value, named(err))
}

func (c *call) answer(ctx context.Context, command string) (any, error) {
	switch command {
	case runner.CommandStart:
		return c.start(ctx)
	case runner.CommandStatus:
		return c.status()
	case runner.CommandRenew:
		return c.renew()
	case runner.CommandCancel:
		return c.cancel()
	case runner.CommandRemove:
		return c.remove()
	case runner.CommandProbe:
		return c.probe()
	case runner.CommandGC:
		return c.gc()
	case runner.CommandVersion:
		return runner.VersionReply{
			Protocol: runner.ProtocolVersion, OS: runtime.GOOS, Arch: runtime.GOARCH, Go: runtime.Version(),
		}, nil
	default:
		return nil, runner.Refuse(runner.ReasonInvalidRequest, "there is no command %q", command)
	}
}

// read decodes the request. What it does not know is refused: a wish that an older
// helper would ignore must not look granted.
func (c *call) read(request any) error {
	d := json.NewDecoder(io.LimitReader(c.Stdin, runner.MaxSpecBytes))
	d.DisallowUnknownFields()
	if err := d.Decode(request); err != nil {
		return runner.Refuse(runner.ReasonInvalidRequest, "read request: %v", err)
	}
	return nil
}

// open finds the build and fences the caller. Only reading may go without an epoch.
func (c *call) open(id string, epoch int64, reads bool) (builddir.Dir, error) {
	if epoch < 0 || epoch == 0 && !reads {
		return builddir.Dir{}, runner.Refuse(runner.ReasonInvalidRequest, "epoch %d must be at least 1", epoch)
	}
	dir, err := c.root.Open(id)
	if err != nil {
		return builddir.Dir{}, err
	}
	return dir, dir.Fence(epoch)
}

// named gives errors of the system that people can mend a reason of their own.
func named(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return runner.Refuse(runner.ReasonDiskFull, "%v", err)
	}
	return err
}
