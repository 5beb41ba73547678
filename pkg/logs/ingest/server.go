package ingest

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"

	"github.com/corbel-dev/corbel/pkg/logs"
)

// HeaderOffset tells the sender how many bytes need not be sent again.
const HeaderOffset = "Upload-Offset"

// HeaderNamespace tells in which namespace people look for the pod. The first write
// of a stream needs it.
const HeaderNamespace = "Corbel-Namespace"

// Authorizer says whether a request may write the logs of a source.
type Authorizer interface {
	// MayWrite returns false for a caller who is known and has no right; an error
	// for one who is not known.
	MayWrite(r *http.Request, source string) (bool, error)
}

// Server takes logs in.
type Server struct {
	Store *logs.Store
	Auth  Authorizer
}

// Handler serves the paths of the package.
func (s *Server) Handler() http.Handler {
	const stream = "/logs/{source}/{run}/{pod}/{container}"
	mux := http.NewServeMux()
	mux.HandleFunc("PATCH "+stream, s.guard(s.patch))
	mux.HandleFunc("HEAD "+stream, s.guard(s.head))
	mux.HandleFunc("POST "+stream+"/finish", s.guard(s.finish))
	return mux
}

// action serves one request about one stream.
type action func(w http.ResponseWriter, r *http.Request, name logs.Name) error

// guard lets a source write below its own name only.
func (s *Server) guard(do action) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name := logs.Name{
			Source: r.PathValue("source"), Run: r.PathValue("run"),
			Pod: r.PathValue("pod"), Container: r.PathValue("container"),
		}
		ok, err := s.Auth.MayWrite(r, name.Source)
		switch {
		case err != nil:
			http.Error(w, "who are you? "+err.Error(), http.StatusUnauthorized)
		case !ok:
			http.Error(w, fmt.Sprintf("the logs of source %q are not yours to write", name.Source), http.StatusForbidden)
		default:
			if err := do(w, r, name); err != nil {
				s.refuse(w, name, err)
			}
		}
	}
}

func (s *Server) patch(w http.ResponseWriter, r *http.Request, name logs.Name) error {
	offset, err := firstByte(r.Header.Get("Content-Range"))
	if err != nil {
		return err
	}
	if err := s.place(r, name); err != nil {
		if errors.Is(err, logs.ErrNotFound) {
			return &badRequestError{HeaderNamespace + ": give the namespace of the pod with the first bytes"}
		}
		return err
	}
	committed, err := s.Store.Write(name, offset, r.Body)
	if err != nil {
		return err
	}
	answer(w, committed)
	return nil
}

// place records the namespace, or makes sure that it is known.
func (s *Server) place(r *http.Request, name logs.Name) error {
	if namespace := r.Header.Get(HeaderNamespace); namespace != "" {
		return s.Store.Place(name, namespace)
	}
	if err := name.Check(); err != nil {
		return err
	}
	_, err := s.Store.Placed(name)
	return err
}

func (s *Server) head(w http.ResponseWriter, _ *http.Request, name logs.Name) error {
	committed, err := s.Store.Committed(name)
	if err != nil {
		return err
	}
	answer(w, committed)
	return nil
}

func (s *Server) finish(w http.ResponseWriter, r *http.Request, name logs.Name) error {
	size, err := strconv.ParseInt(r.URL.Query().Get("size"), 10, 64)
	if err != nil || size < 0 {
		return &badRequestError{"size: give the number of bytes that were sent"}
	}
	digest := r.URL.Query().Get("sha256")
	if !digests.MatchString(digest) {
		return &badRequestError{"sha256: give 64 hexadecimal digits"}
	}
	if err := s.place(r, name); err != nil {
		return err
	}
	if err := s.Store.Finish(name, size, digest); err != nil {
		return err
	}
	answer(w, size)
	return nil
}

func answer(w http.ResponseWriter, committed int64) {
	w.Header().Set(HeaderOffset, strconv.FormatInt(committed, 10))
	w.WriteHeader(http.StatusNoContent)
}

// refuse answers with the committed size, so that the sender knows where to go on.
func (s *Server) refuse(w http.ResponseWriter, name logs.Name, err error) {
	if committed, known := s.Store.Committed(name); known == nil {
		w.Header().Set(HeaderOffset, strconv.FormatInt(committed, 10))
	}
	http.Error(w, err.Error(), code(err))
}

func code(err error) int {
	var (
		gap    *logs.RangeError
		digest *logs.DigestError
		place  *logs.PlaceError
		bad    *badRequestError
	)
	switch {
	case errors.As(err, &gap):
		return http.StatusRequestedRangeNotSatisfiable
	case errors.As(err, &digest), errors.As(err, &place):
		return http.StatusConflict
	case errors.As(err, &bad), errors.Is(err, logs.ErrName):
		return http.StatusBadRequest
	case errors.Is(err, logs.ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, logs.ErrFull):
		return http.StatusInsufficientStorage
	default:
		return http.StatusInternalServerError
	}
}

// badRequestError is a request that cannot be read.
type badRequestError struct{ why string }

func (e *badRequestError) Error() string { return e.why }

var (
	digests = regexp.MustCompile(`^[0-9a-f]{64}$`)
	ranges  = regexp.MustCompile(`^bytes (\d{1,18})-(\d{1,18})?/(\d{1,18}|\*)$`)
)

// firstByte reads the offset of a Content-Range (RFC 9110, section 14.4). How far
// the range goes is told by the body itself: a sender that streams does not know.
func firstByte(header string) (int64, error) {
	m := ranges.FindStringSubmatch(header)
	if m == nil {
		return 0, &badRequestError{fmt.Sprintf("Content-Range is %q; write bytes FIRST-LAST/*", header)}
	}
	return strconv.ParseInt(m[1], 10, 64)
}
