package reconciler

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// Definitions asks the cache and, when it knows nothing, the API server: a
// definition may have been applied together with the run that names it.
type Definitions[T any] struct {
	Cached func(namespace, name string) (*T, error)
	Stored func(ctx context.Context, namespace, name string) (*T, error)
}

// Get returns a definition, or nil where there is none.
func (d Definitions[T]) Get(ctx context.Context, namespace, name string) (*T, error) {
	found, err := d.Cached(namespace, name)
	if apierrors.IsNotFound(err) {
		found, err = d.Stored(ctx, namespace, name)
	}
	if apierrors.IsNotFound(err) {
		return nil, nil //nolint:nilnil // the interface says so: no definition is an answer
	}
	return found, err
}
