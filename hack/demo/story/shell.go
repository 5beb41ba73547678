package story

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// Shell runs commands as one person, and shows them as one would type them.
type Shell struct {
	// Person is shown before the prompt; empty for the administrator.
	Person string
	// tools are paths by the name that is typed.
	tools map[string]string
	dir   string
	env   []string
	// flags are added to each command, to act as somebody else.
	flags []string
	// terse keeps what a command tells of its progress (stderr) for when it fails.
	terse bool
	out   io.Writer
}

// ErrUnexpected says that a command went well that has to be refused.
var ErrUnexpected = errors.New("it was let in, and has to be refused")

// Run shows and runs a command, and returns what it printed.
func (s Shell) Run(ctx context.Context, name string, args ...string) (string, error) {
	return s.run(ctx, "", name, args)
}

// RunInput is Run for a command that reads a text, which is shown too.
func (s Shell) RunInput(ctx context.Context, input, name string, args ...string) (string, error) {
	return s.run(ctx, input, name, args)
}

// Refused is Run for a command that has to fail.
func (s Shell) Refused(ctx context.Context, name string, args ...string) (string, error) {
	return s.refused(ctx, "", name, args)
}

// RefusedInput is Refused for a command that reads a text, which is shown too.
func (s Shell) RefusedInput(ctx context.Context, input, name string, args ...string) (string, error) {
	return s.refused(ctx, input, name, args)
}

// Ask runs a command without showing it.
func (s Shell) Ask(ctx context.Context, name string, args ...string) (string, error) {
	s.out = io.Discard
	text, err := s.run(ctx, "", name, args)
	return strings.TrimSpace(text), err
}

func (s Shell) refused(ctx context.Context, input, name string, args []string) (string, error) {
	text, err := s.run(ctx, input, name, args)
	if err == nil {
		return text, fmt.Errorf("%s: %w", name, ErrUnexpected)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return text, nil
	}
	return text, err
}

func (s Shell) run(ctx context.Context, input, name string, args []string) (string, error) {
	args = append(slices.Clone(args), s.flags...)
	s.show(input, name, args)
	path, ok := s.tools[name]
	if !ok {
		return "", fmt.Errorf("no program is known as %s", name)
	}
	var text bytes.Buffer
	both := io.MultiWriter(&text, s.out)
	progress := both
	if s.terse {
		progress = &text
	}
	cmd := exec.CommandContext(ctx, path, args...) //nolint:gosec // the demo's own commands
	cmd.Dir, cmd.Env = s.dir, append(os.Environ(), s.env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), both, progress
	if err := cmd.Run(); err != nil {
		return text.String(), fmt.Errorf("%s: %w\n%s", typed(name, args), err, text.String())
	}
	return text.String(), nil
}

// show prints the command as one would type it.
func (s Shell) show(input, name string, args []string) {
	line := "$ " + typed(name, args)
	if s.Person != "" {
		line = s.Person + " " + line
	}
	if input != "" {
		line += " <<EOF\n" + input + "EOF"
	}
	_, _ = fmt.Fprintf(s.out, "\n%s\n", line)
}

// typed is a command with what a shell would want in quotes.
func typed(name string, args []string) string {
	words := []string{name}
	for _, a := range args {
		if a == "" || strings.ContainsAny(a, " \t\n\"'`$&|;<>(){}[]*?#~\\!") {
			a = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		words = append(words, a)
	}
	return strings.Join(words, " ")
}
