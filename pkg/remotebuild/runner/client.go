package runner

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"k8s.io/utils/clock"

	"github.com/corbel-dev/corbel/pkg/fault"
)

// Reasons of faults that the client itself finds.
const (
	// ReasonHelperBroken is a host where the helper does not answer as it should.
	ReasonHelperBroken = "HelperBroken"
	// ReasonStreamCut is an attach that ended before the build: attach again.
	ReasonStreamCut = "StreamCut"
)

const (
	retryAfter = 5 * time.Second
	shownBytes = 400
)

// Transport runs commands on the host. Ending ctx abandons the command.
type Transport interface {
	// Run runs the command to its end and gives what it printed, within bounds.
	Run(ctx context.Context, command string, stdin io.Reader) (stdout []byte, exit int, err error)
	// Stream starts the command and gives its stdout to read and its stdin to write.
	Stream(ctx context.Context, command string) (io.ReadWriteCloser, error)
}

// Client speaks to the helper on one host. Its errors are Refusals of the helper, faults
// of pkg/fault, or what the transport gave.
type Client struct {
	Transport Transport
	// Helper is the path of the helper on the host.
	Helper string
	// Root is the directory of the builds. Empty means ~/.corbel.
	Root  string
	Clock clock.WithTicker
}

// Start starts the build, or finds it started. Calling it again is harmless.
func (c Client) Start(ctx context.Context, spec Spec) (StartReply, error) {
	if err := spec.Validate(); err != nil {
		return StartReply{}, err
	}
	var reply StartReply
	return reply, c.do(ctx, CommandStart, spec, &reply)
}

// Status says how the build is. Epoch 0 only reads.
func (c Client) Status(ctx context.Context, id string, epoch int64) (Status, error) {
	var reply Status
	return reply, c.do(ctx, CommandStatus, BuildRequest{ID: id, Epoch: epoch}, &reply)
}

// Renew says that the build is still wanted.
func (c Client) Renew(ctx context.Context, id string, epoch int64) (Status, error) {
	var reply Status
	return reply, c.do(ctx, CommandRenew, BuildRequest{ID: id, Epoch: epoch}, &reply)
}

// Cancel stops the build, and ends what is left of a lost one.
func (c Client) Cancel(ctx context.Context, request CancelRequest) (Status, error) {
	var reply Status
	return reply, c.do(ctx, CommandCancel, request, &reply)
}

// Remove takes away the files of a build that is over. Its ID cannot be used again.
func (c Client) Remove(ctx context.Context, id string, epoch int64) error {
	var reply struct{}
	return c.do(ctx, CommandRemove, BuildRequest{ID: id, Epoch: epoch}, &reply)
}

// Probe says what the host is and how it fares.
func (c Client) Probe(ctx context.Context) (Facts, error) {
	var reply Facts
	return reply, c.do(ctx, CommandProbe, struct{}{}, &reply)
}

// GC removes old builds.
func (c Client) GC(ctx context.Context, request GCRequest) (GCReply, error) {
	var reply GCReply
	return reply, c.do(ctx, CommandGC, request, &reply)
}

// Version says which protocol the helper speaks.
func (c Client) Version(ctx context.Context) (VersionReply, error) {
	var reply VersionReply
	return reply, c.do(ctx, CommandVersion, struct{}{}, &reply)
}

func (c Client) do(ctx context.Context, command string, request, reply any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	// Errors of the shell come with the answer, so that they can be shown.
	line := "/bin/sh -c " + quote(c.line(command)+" 2>&1")
	output, exit, err := c.Transport.Run(ctx, line, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	err = ReadReply(output, reply)
	if err == nil || RefusalReason(err) != "" {
		return err
	}
	return fault.Busy(retryAfter, ReasonHelperBroken, "%s: %w: exit %d: %q", command, err, exit, last(output))
}

// last is the end of an output that says nothing else.
func last(output []byte) string {
	return strings.TrimSpace(string(output[max(0, len(output)-shownBytes):]))
}

func (c Client) line(words ...string) string {
	line := quote(c.Helper)
	for _, word := range words {
		line += " " + quote(word)
	}
	if c.Root != "" {
		line += " -root " + quote(c.Root)
	}
	return line
}

// quote makes one word of a POSIX shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func (c Client) attachLine(r AttachRequest) string {
	words := []string{
		CommandAttach, "-id", r.ID, "-epoch", strconv.FormatInt(r.Epoch, 10),
		"-offset", strconv.FormatInt(r.Offset, 10),
	}
	if r.Step != "" {
		words = append(words, "-step", r.Step)
	}
	return "/bin/sh -c " + quote("exec "+c.line(words...))
}
