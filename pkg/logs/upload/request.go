package upload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/corbel-dev/corbel/pkg/logs/ingest"
)

// told is an answer of the service.
type told struct {
	code      int
	committed int64 // unknown when the answer does not say
	text      string
}

// ask finds out how far the service got.
func (t *transfer) ask(ctx context.Context) error {
	got, err := t.call(ctx, http.MethodHead, "", nil)
	if err != nil {
		return err
	}
	if got.code != http.StatusNoContent {
		return judge(got.code, got.text)
	}
	return t.goOn(got)
}

// send sends the next n bytes.
func (t *transfer) send(ctx context.Context, n int64) error {
	body := &body{r: io.NewSectionReader(t.src, t.committed, n), left: n}
	got, err := t.call(ctx, http.MethodPatch, "", body)
	if broken := body.broken(); broken != nil {
		return fmt.Errorf("read the source: %w", broken)
	}
	if err != nil {
		return err
	}
	switch {
	case got.code == http.StatusRequestedRangeNotSatisfiable && got.committed == t.committed:
		return &RefusedError{Code: got.code, Why: got.text} // where it says to go on is where we were
	case got.code == http.StatusRequestedRangeNotSatisfiable:
		return t.goOn(got)
	case got.code != http.StatusNoContent:
		return judge(got.code, got.text)
	}
	if err := t.goOn(got); err != nil || n >= small {
		return err
	}
	return t.sleep(ctx, gather)
}

// finish confirms size and digest.
func (t *transfer) finish(ctx context.Context, size int64) error {
	q := url.Values{"size": {strconv.FormatInt(size, 10)}, "sha256": {t.digest}}
	got, err := t.call(ctx, http.MethodPost, "/finish?"+q.Encode(), nil)
	switch {
	case err != nil:
		return err
	case got.code == http.StatusNoContent:
		return errComplete
	case got.code == http.StatusRequestedRangeNotSatisfiable && got.committed != size:
		return t.goOn(got)
	default:
		return judge(got.code, got.text)
	}
}

// goOn goes on from where the service says.
func (t *transfer) goOn(got told) error {
	if got.committed == unknown {
		return &passing{fmt.Errorf("an answer %d without %s: is that the log service?", got.code, ingest.HeaderOffset)}
	}
	t.committed = got.committed
	return nil
}

// call makes one request. It is a passing failure when no answer comes.
func (t *transfer) call(ctx context.Context, method, suffix string, b *body) (told, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(t.URL, "/")+"/logs/"+t.target.Name.String()+suffix, nil)
	if err != nil {
		return told{}, err
	}
	req.Header.Set(ingest.HeaderNamespace, t.target.Namespace)
	if b != nil {
		req.Body, req.ContentLength = io.NopCloser(b), b.left
		req.Header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/*", t.committed, t.committed+b.left-1))
	}
	resp, err := t.Client.Do(req)
	if err != nil {
		return told{}, &passing{err}
	}
	defer resp.Body.Close() //nolint:errcheck // it was read
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if err != nil {
		return told{}, &passing{err}
	}
	got := told{code: resp.StatusCode, committed: unknown, text: strings.TrimSpace(string(text))}
	if n, err := strconv.ParseInt(resp.Header.Get(ingest.HeaderOffset), 10, 64); err == nil && n >= 0 {
		got.committed = n
	}
	return got, nil
}

// body is the part of the source that one request carries. It remembers when the
// source fails, which is not the service's fault. The client may still read it when
// the answer is there.
type body struct {
	mu   sync.Mutex
	r    io.Reader
	left int64
	err  error
}

func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, err := b.r.Read(p)
	b.left -= int64(n)
	if errors.Is(err, io.EOF) && b.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return n, err
}

func (b *body) broken() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}
