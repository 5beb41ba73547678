package customruntest

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/corbel-dev/corbel/pkg/customrun"
)

// maxObject is what etcd takes.
const maxObject = 1536 << 10

var customRuns = schema.GroupResource{Group: "tekton.dev", Resource: "customruns"}

// Statuses is a store of runs with the API server's manners: a write over an old
// version is a conflict, one that changes nothing makes no new version, and what is
// read is what survived JSON.
type Statuses struct {
	mu      sync.Mutex
	runs    map[string]*v1beta1.CustomRun
	version int
	fail    error
	history []*v1beta1.CustomRun
}

var _ customrun.Statuses = (*Statuses)(nil)

// NewStatuses makes an empty store.
func NewStatuses() *Statuses { return &Statuses{runs: map[string]*v1beta1.CustomRun{}} }

// Create stores a new run, in place of one of the same name.
func (s *Statuses) Create(run *v1beta1.CustomRun) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stored := run.DeepCopy()
	stored.Generation = 1
	s.put(stored)
}

// Get returns a copy of the stored run, and nil where there is none.
func (s *Statuses) Get(run *v1beta1.CustomRun) *v1beta1.CustomRun {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.runs[key(run)].DeepCopy()
}

// Edit changes a run as a user would: the spec and the metadata, never the status.
func (s *Statuses) Edit(run *v1beta1.CustomRun, change func(run *v1beta1.CustomRun)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stored := s.runs[key(run)]
	next := stored.DeepCopy()
	change(next)
	next.Status = *stored.Status.DeepCopy()
	if !equality.Semantic.DeepEqual(stored.Spec, next.Spec) {
		next.Generation++
	}
	s.put(next)
}

// Delete takes a run away.
func (s *Statuses) Delete(run *v1beta1.CustomRun) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.runs, key(run))
}

// FailNext lets the next write fail.
func (s *Statuses) FailNext(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

// History is each version of each run that UpdateStatus stored, oldest first.
func (s *Statuses) History() []*v1beta1.CustomRun {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*v1beta1.CustomRun(nil), s.history...)
}

// UpdateStatus stores a status.
func (s *Statuses) UpdateStatus(_ context.Context, run *v1beta1.CustomRun) (*v1beta1.CustomRun, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fail; err != nil {
		s.fail = nil
		return nil, err
	}
	stored, ok := s.runs[key(run)]
	switch {
	case !ok:
		return nil, apierrors.NewNotFound(customRuns, run.Name)
	case stored.UID != run.UID:
		return nil, apierrors.NewConflict(customRuns, run.Name, fmt.Errorf("UID %s is not %s", run.UID, stored.UID))
	case stored.ResourceVersion != run.ResourceVersion:
		return nil, apierrors.NewConflict(customRuns, run.Name, fmt.Errorf("version %s is not %s", run.ResourceVersion, stored.ResourceVersion))
	}
	next := stored.DeepCopy()
	next.Status = v1beta1.CustomRunStatus{}
	if err := throughJSON(run.Status, &next.Status); err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	if raw, err := json.Marshal(next); err != nil || len(raw) > maxObject {
		return nil, apierrors.NewInternalError(fmt.Errorf("etcdserver: request is too large (%d bytes, %w)", len(raw), err))
	}
	if equality.Semantic.DeepEqual(stored.Status, next.Status) {
		return stored.DeepCopy(), nil
	}
	s.put(next)
	s.history = append(s.history, next.DeepCopy())
	return next.DeepCopy(), nil
}

// throughJSON copies a status as the API server does, which sorts the keys of what it
// does not know.
func throughJSON(from v1beta1.CustomRunStatus, to *v1beta1.CustomRunStatus) error {
	raw, err := json.Marshal(from)
	if err != nil {
		return err
	}
	var values any
	if err := json.Unmarshal(raw, &values); err != nil {
		return err
	}
	if raw, err = json.Marshal(values); err != nil {
		return err
	}
	return json.Unmarshal(raw, to)
}

func (s *Statuses) put(run *v1beta1.CustomRun) {
	s.version++
	run.ResourceVersion = strconv.Itoa(s.version)
	s.runs[key(run)] = run
}

func key(run *v1beta1.CustomRun) string { return run.Namespace + "/" + run.Name }
