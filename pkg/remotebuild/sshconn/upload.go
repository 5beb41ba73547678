package sshconn

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/corbel-dev/corbel/pkg/fault"
)

// ReasonInvalidHash is of an upload whose bytes are not those it was called by.
const ReasonInvalidHash = "InvalidHash"

const (
	shellWord = "corbel-shell-ok"
	pathWord  = "corbel-path="
	hashWord  = "corbel-hash="
)

// hashFunction prints a file's SHA-256 by whichever tool the host has, or nothing.
const hashFunction = `hash() { { sha256sum "$1" || shasum -a 256 "$1" || sha256 -q "$1" || openssl dgst -r -sha256 "$1"; } 2>/dev/null | tr -d '\\' | cut -c1-64; }
`

// findScript shows the file if it is there.
const findScript = hashFunction + `f=$HOME/.corbel/bin/%[1]s/corbel-runner
if [ -x "$f" ]; then echo "` + pathWord + `$f"; echo "` + hashWord + `$(hash "$f")"; fi
`

// putScript takes the file from stdin. Only a whole one gets the name: a connection that
// is cut looks like the end of the file. A new file is written, since one that runs
// cannot be written to.
const putScript = hashFunction + `umask 077
d=$HOME/.corbel/bin/%[1]s; t=$d/.new.$$
mkdir -p "$d" && cat >"$t" && [ "$(wc -c <"$t" | tr -d ' ')" = %[2]d ] || { rm -f "$t"; echo "incomplete" >&2; exit 1; }
h=$(hash "$t")
[ -z "$h" ] || [ "$h" = %[1]s ] || { rm -f "$t"; echo "wrong hash $h" >&2; exit 1; }
chmod 0700 "$t" && mv -f "$t" "$d/corbel-runner" && echo "` + pathWord + `$d/corbel-runner" && echo "` + hashWord + `$h"
`

// shell makes one command of a script, whatever the login shell is.
func shell(script string) string {
	return "/bin/sh -c '" + strings.ReplaceAll(script, "'", `'\''`) + "'"
}

// CheckShell says whether commands can be run at all: an account may be allowed to log in
// and to do nothing.
func (c *Conn) CheckShell(ctx context.Context) error {
	out, err := c.Exec(ctx, shell("echo corbel-shell-$((0))ok | tr -d 0"), nil)
	if err != nil {
		return err
	}
	if !strings.Contains(string(out.Stdout), shellWord) {
		return failed(ReasonNoShell, c.target.Address, fmt.Errorf("exit %d: %s", out.Exit, excerpt(out)))
	}
	return nil
}

const excerptBytes = 300

func excerpt(out Output) string {
	text := strings.TrimSpace(string(out.Stdout) + " " + string(out.Stderr))
	return fmt.Sprintf("%q", text[max(0, len(text)-excerptBytes):])
}

// Upload brings the helper to ~/.corbel/bin/<sha256>/corbel-runner, unless it is there,
// and gives its path. Either way the file on the host was seen to have the hash.
func (c *Conn) Upload(ctx context.Context, content []byte, sum string) (string, error) {
	if got := sha256.Sum256(content); hex.EncodeToString(got[:]) != sum {
		return "", fault.User(ReasonInvalidHash, "the helper's hash is %x, not %s", got, sum)
	}
	if err := c.CheckShell(ctx); err != nil {
		return "", err
	}
	if path, err := c.find(ctx, sum); err != nil || path != "" {
		return path, err
	}
	out, err := c.Exec(ctx, shell(fmt.Sprintf(putScript, sum, len(content))), bytes.NewReader(content))
	if err != nil {
		return "", err
	}
	path, err := c.verify(ctx, out, sum)
	if err == nil && path == "" {
		err = failed(ReasonUploadFailed, c.target.Address, fmt.Errorf("exit %d: %s", out.Exit, excerpt(out)))
	}
	return path, err
}

// find gives the path of a good helper on the host, or "".
func (c *Conn) find(ctx context.Context, sum string) (string, error) {
	out, err := c.Exec(ctx, shell(fmt.Sprintf(findScript, sum)), nil)
	if err != nil {
		return "", err
	}
	return c.verify(ctx, out, sum)
}

var (
	pathPattern = regexp.MustCompile(`(?m)^` + pathWord + `(/.+)$`)
	hashPattern = regexp.MustCompile(`(?m)^` + hashWord + `([0-9a-f]*)`)
)

// verify gives the path of the output, if the file behind it is the right one. A host
// without a tool for hashes has the file read back.
func (c *Conn) verify(ctx context.Context, out Output, sum string) (string, error) {
	path, hash := pathPattern.FindSubmatch(out.Stdout), hashPattern.FindSubmatch(out.Stdout)
	if path == nil || hash == nil {
		return "", nil
	}
	if len(hash[1]) > 0 {
		if string(hash[1]) != sum {
			return "", nil
		}
		return string(path[1]), nil
	}
	r, err := c.Stream(ctx, shell(`exec cat "$HOME/.corbel/bin/`+sum+`/corbel-runner"`))
	if err != nil {
		return "", err
	}
	defer func() { _ = r.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = r.Close() })
	defer stop()
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", c.broken(err)
	}
	if hex.EncodeToString(h.Sum(nil)) != sum {
		return "", nil
	}
	return string(path[1]), nil
}
