package kubelet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"k8s.io/utils/clock"

	"github.com/corbel-dev/corbel/pkg/logs"
	"github.com/corbel-dev/corbel/pkg/logs/caller"
)

// Reader reads logs: the store. With Follow, Read goes on until the log is finished
// or ctx ends.
type Reader interface {
	Read(ctx context.Context, name logs.Name, opts logs.ReadOptions, w io.Writer) error
}

// Resolver tells which log is that of a pod's container; logs.ErrNotFound when none
// is. It honours ctx.
type Resolver interface {
	Find(ctx context.Context, namespace, pod, container string) (logs.Name, error)
}

// Target is what a caller wants to read.
type Target struct {
	Namespace, Pod, Container string
	// Node is true for the kubelet's own path, false for the other.
	Node bool
}

// Authorizer says who may read.
type Authorizer interface {
	// MayRead returns false for a caller who is known and has no right, and
	// caller.ErrUnknown for one who is not known. Any other error is a failure to
	// find out.
	MayRead(r *http.Request, target Target) (bool, error)
}

// Server lets logs be read.
type Server struct {
	Logs     Reader
	Resolver Resolver
	Auth     Authorizer
	Clock    clock.PassiveClock
}

// Handler serves the paths of the package, and nothing else.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", s.guard(true, s.containerLogs))
	mux.HandleFunc("GET /external/{namespace}/{pod}/{container}", s.guard(false, s.external))
	return mux
}

// action answers one request. An error means that nothing was written.
type action func(w http.ResponseWriter, r *http.Request, target Target) error

// guard asks for the right before anything is said of the log.
func (s *Server) guard(node bool, do action) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		target := Target{
			Namespace: r.PathValue("namespace"), Pod: r.PathValue("pod"), Container: r.PathValue("container"), Node: node,
		}
		ok, err := s.Auth.MayRead(r, target)
		switch {
		case errors.Is(err, caller.ErrUnknown):
			w.Header().Set("WWW-Authenticate", `Bearer realm="logs"`)
			http.Error(w, "Unauthorized: "+err.Error(), http.StatusUnauthorized)
		case err != nil:
			http.Error(w, "cannot find out who may read this: "+err.Error(), http.StatusInternalServerError)
		case !ok:
			http.Error(w, "Forbidden: you have no right to read the log of this pod", http.StatusForbidden)
		default:
			if err := do(w, r, target); err != nil {
				refuse(w, err)
			}
		}
	}
}

func (s *Server) containerLogs(w http.ResponseWriter, r *http.Request, target Target) error {
	o, err := decode(r.URL.Query())
	if err != nil {
		return err
	}
	if err := validate(o); err != nil {
		return err
	}
	name, err := s.find(r.Context(), target)
	if err != nil {
		return err
	}
	if o.Previous {
		return &refusal{http.StatusBadRequest, fmt.Sprintf("previous terminated container %q in pod %q not found", target.Container, target.Pod)}
	}
	return s.send(w, r, name, readOptions(o, s.Clock.Now()))
}

func (s *Server) external(w http.ResponseWriter, r *http.Request, target Target) error {
	name, err := s.find(r.Context(), target)
	if err != nil {
		return err
	}
	return s.send(w, r, name, logs.ReadOptions{Follow: r.URL.Query().Get("follow") == "true"})
}

func (s *Server) find(ctx context.Context, target Target) (logs.Name, error) {
	name, err := s.Resolver.Find(ctx, target.Namespace, target.Pod, target.Container)
	if errors.Is(err, logs.ErrNotFound) {
		return name, &refusal{http.StatusNotFound, fmt.Sprintf("container %q not found in pod %q", target.Container, target.Pod)}
	}
	return name, err
}

// send answers with a log. Once it has begun there is no way back: what fails then
// breaks the connection, so that nobody takes a part for the whole.
func (s *Server) send(w http.ResponseWriter, r *http.Request, name logs.Name, opts logs.ReadOptions) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	out := &answer{w: w, control: http.NewResponseController(w)}
	err := s.Logs.Read(r.Context(), name, opts, out)
	if err != nil && out.begun {
		panic(http.ErrAbortHandler)
	}
	return err
}

// answer remembers whether anything of it went out.
type answer struct {
	w       http.ResponseWriter
	control *http.ResponseController
	begun   bool
}

func (a *answer) Write(b []byte) (int, error) {
	a.begun = true
	return a.w.Write(b)
}

// Flush sends what there is: the head too, so that a follower of a silent log knows
// that it follows.
func (a *answer) Flush() {
	a.begun = true
	_ = a.control.Flush() // the next write tells
}

func refuse(w http.ResponseWriter, err error) {
	code, asked := http.StatusInternalServerError, new(refusal)
	switch {
	case errors.As(err, &asked):
		code = asked.code
	case errors.Is(err, logs.ErrNotFound), errors.Is(err, logs.ErrName):
		code = http.StatusNotFound
	}
	w.WriteHeader(code)
	_, _ = io.WriteString(w, err.Error()) // the caller has gone
}
