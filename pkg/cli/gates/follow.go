package gates

import (
	"context"
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/utils/clock"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

const pauseBetweenWatches = time.Second

// Change is one request as it is now.
type Change struct {
	Request *v1alpha1.ApprovalRequest
	// Gone is set when the request was deleted; Request is then its last state.
	Gone bool
}

// See takes changes, in order, and tells whether it has seen enough.
type See func(ctx context.Context, changes []Change) (enough bool, err error)

// Follower tells what happens to requests. It lists, watches, and starts over
// when the watch ends, telling only what is new.
type Follower struct {
	requests Requests
	clock    clock.Clock
	options  metav1.ListOptions
	known    map[types.UID]*v1alpha1.ApprovalRequest
}

// NewFollower follows all requests, or the one with the name.
func NewFollower(requests Requests, c clock.Clock, name string) *Follower {
	f := &Follower{requests: requests, clock: c, known: map[types.UID]*v1alpha1.ApprovalRequest{}}
	if name != "" {
		f.options.FieldSelector = fields.OneTermEqualSelector(metav1.ObjectNameField, name).String()
	}
	return f
}

// Run calls see with the list first, also when it is empty, and then with every
// change, until see has enough, an error cannot be mended by waiting, or ctx ends.
func (f *Follower) Run(ctx context.Context, see See) error {
	for first := true; ; first = false {
		enough, err := f.round(ctx, see)
		if enough {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil && (first || !mendsItself(err)) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-f.clock.After(pauseBetweenWatches):
		}
	}
}

// round is one list and one watch.
func (f *Follower) round(ctx context.Context, see See) (bool, error) {
	list, err := f.requests.List(ctx, f.options)
	if err != nil {
		return false, err
	}
	if enough, err := see(ctx, f.compare(list.Items)); enough || err != nil {
		return enough, stop(err)
	}
	options := f.options
	options.ResourceVersion = list.ResourceVersion
	options.AllowWatchBookmarks = true
	w, err := f.requests.Watch(ctx, options)
	if err != nil {
		return false, err
	}
	defer w.Stop()
	return f.drain(ctx, w, see)
}

// compare tells a list as changes against what is known.
func (f *Follower) compare(items []v1alpha1.ApprovalRequest) []Change {
	changes := []Change{}
	there := map[types.UID]bool{}
	for i := range items {
		r := &items[i]
		there[r.UID] = true
		if old := f.known[r.UID]; old == nil || old.ResourceVersion != r.ResourceVersion {
			f.known[r.UID] = r
			changes = append(changes, Change{Request: r})
		}
	}
	for uid, r := range f.known {
		if !there[uid] {
			delete(f.known, uid)
			changes = append(changes, Change{Request: r, Gone: true})
		}
	}
	return changes
}

// drain passes events on until the watch ends, which is no error.
func (f *Follower) drain(ctx context.Context, w watch.Interface, see See) (bool, error) {
	for {
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case event, open := <-w.ResultChan():
			if !open || event.Type == watch.Error {
				return false, nil
			}
			r, ok := event.Object.(*v1alpha1.ApprovalRequest)
			if !ok || event.Type == watch.Bookmark {
				continue
			}
			if enough, err := see(ctx, []Change{f.note(event.Type, r)}); enough || err != nil {
				return enough, stop(err)
			}
		}
	}
}

func (f *Follower) note(kind watch.EventType, r *v1alpha1.ApprovalRequest) Change {
	if kind == watch.Deleted {
		delete(f.known, r.UID)
		return Change{Request: r, Gone: true}
	}
	f.known[r.UID] = r
	return Change{Request: r}
}

// stopError is what see returned; waiting does not mend it.
type stopError struct{ error }

func (e stopError) Unwrap() error { return e.error }

func stop(err error) error {
	if err == nil {
		return nil
	}
	return stopError{err}
}

func mendsItself(err error) bool {
	var stopped stopError
	return !errors.As(err, &stopped) && !apierrors.IsForbidden(err) && !apierrors.IsUnauthorized(err) && !apierrors.IsNotFound(err)
}
