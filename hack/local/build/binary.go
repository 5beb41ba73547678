package build

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/corbel-dev/corbel/hack/local/state"
)

// Tool is the path of a program by its own name (kubectl, tkn, ko, crane, etcd …),
// built when it is not in the cache.
func Tool(ctx context.Context, name string) (string, error) {
	importPath, err := ImportPath(name)
	if err != nil {
		return "", err
	}
	return Program(ctx, importPath)
}

// ImportPath is what a tool is built from.
func ImportPath(tool string) (string, error) {
	importPath, ok := tools[tool]
	if !ok {
		return "", fmt.Errorf("no tool %q", tool)
	}
	return importPath, nil
}

// Program is the path of a program by its import path, built when it is not in the
// cache. One of this checkout is built each time, which is quick when nothing changed.
func Program(ctx context.Context, importPath string) (string, error) {
	p, err := locate(ctx, importPath)
	if err != nil {
		return "", err
	}
	if p.source.own() {
		return buildOwn(ctx, p)
	}
	return p.target, buildOnce(ctx, p)
}

// Kept is true when Program will be quick, as far as can be told before.
func Kept(ctx context.Context, importPath string) bool {
	p, err := locate(ctx, importPath)
	if err != nil {
		return false
	}
	_, err = os.Stat(p.target)
	return err == nil
}

// place is where a binary comes from and goes to.
type place struct {
	source   source
	checkout string
	target   string
}

func locate(ctx context.Context, importPath string) (place, error) {
	s, err := sourceOf(importPath)
	if err != nil {
		return place{}, err
	}
	checkout, err := Checkout()
	if err != nil {
		return place{}, err
	}
	p := place{source: s, checkout: checkout}
	if s.own() {
		folder := sha256.Sum256([]byte(checkout + "\n" + s.pkg))
		p.target, err = state.Cache("own", hex.EncodeToString(folder[:8]), s.file())
		return p, err
	}
	key, err := s.key(ctx, checkout)
	if err != nil {
		return place{}, err
	}
	p.target, err = state.Cache("bin", s.file()+"-"+key, s.file())
	return p, err
}

// Module is the folder of a module's source, at the version that third_party pins.
func Module(ctx context.Context, modulePath string) (string, error) {
	s, err := sourceOf(modulePath + "/")
	if err != nil {
		return "", err
	}
	checkout, err := Checkout()
	if err != nil {
		return "", err
	}
	// Listing alone does not fetch the source of a module that nothing was built from.
	out, err := goTool(ctx, filepath.Join(checkout, s.module), "mod", "download", "-json", modulePath)
	if err != nil {
		return "", err
	}
	_, rest, ok := strings.Cut(out, `"Dir": "`)
	dir, _, end := strings.Cut(rest, `"`)
	if !ok || !end {
		return "", fmt.Errorf("no source folder of %s", modulePath)
	}
	return dir, nil
}

// key is a digest of all that decides what a pinned binary is.
func (s source) key(ctx context.Context, checkout string) (string, error) {
	folder := filepath.Join(checkout, s.module)
	version, err := goTool(ctx, folder, "env", "GOVERSION")
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, _ = io.WriteString(h, strings.Join([]string{version, runtime.GOOS, runtime.GOARCH, s.pkg, s.ldflags}, "\n"))
	for _, name := range []string{"go.mod", "go.sum"} {
		data, err := os.ReadFile(filepath.Join(folder, name)) //nolint:gosec // in the checkout
		if err != nil {
			return "", fmt.Errorf("key of %s: %w", s.pkg, err)
		}
		_, _ = h.Write(data)
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}

// buildOnce keeps two programs from building the same thing side by side. It writes
// beside the target first: a half-written binary is never found.
func buildOnce(ctx context.Context, p place) error {
	if _, err := os.Stat(p.target); err == nil {
		return nil
	}
	unlock, err := state.Lock(ctx, p.target+".lock")
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Stat(p.target); err == nil {
		return nil
	}
	half := p.target + ".half"
	if err := p.compile(ctx, half); err != nil {
		return err
	}
	if err := os.Rename(half, p.target); err != nil {
		return fmt.Errorf("keep %s: %w", p.source.file(), err)
	}
	return nil
}

func (p place) compile(ctx context.Context, target string) error {
	s := p.source
	_, err := goTool(ctx, filepath.Join(p.checkout, s.module), "build", "-trimpath", "-ldflags", s.ldflags, "-o", target, s.pkg)
	return err
}

// buildOwn lets the compiler decide what is new, and keeps the result by its content:
// the file of a running process is never replaced under it.
func buildOwn(ctx context.Context, p place) (string, error) {
	unlock, err := state.Lock(ctx, p.target+".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if err := p.compile(ctx, p.target); err != nil {
		return "", err
	}
	f, err := os.Open(p.target)
	if err != nil {
		return "", fmt.Errorf("keep %s: %w", p.source.file(), err)
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("keep %s: %w", p.source.file(), err)
	}
	kept := filepath.Join(filepath.Dir(p.target), hex.EncodeToString(h.Sum(nil))[:16], p.source.file())
	if err := os.MkdirAll(filepath.Dir(kept), 0o755); err != nil {
		return "", fmt.Errorf("keep %s: %w", p.source.file(), err)
	}
	if err := os.Link(p.target, kept); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("keep %s: %w", p.source.file(), err)
	}
	return kept, nil
}

func goTool(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSpace(stdout.String()), nil
}
