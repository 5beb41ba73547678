package kubelet

import (
	"context"
	"errors"
	"net/http"
	"slices"

	authorizationv1 "k8s.io/api/authorization/v1"

	"github.com/corbel-dev/corbel/pkg/logs/caller"
)

// ByCertificate lets the API server in: callers with a client certificate of one of
// the names may read everything, for they have asked who may.
type ByCertificate struct {
	Certificates caller.Identifier
	Names        []string
}

// MayRead judges by the name alone.
func (a *ByCertificate) MayRead(r *http.Request, _ Target) (bool, error) {
	c, err := a.Certificates.Identify(r)
	if err != nil {
		return false, err
	}
	return slices.Contains(a.Names, c.Name), nil
}

// Access judges rights: the API server does. It honours ctx.
type Access interface {
	May(ctx context.Context, c *caller.Caller, what authorizationv1.ResourceAttributes) (bool, error)
}

// ByReview lets in whom the API server gives the right.
type ByReview struct {
	Callers caller.Identifier
	Access  Access
}

// MayRead asks for one of the rights to the target.
func (a *ByReview) MayRead(r *http.Request, target Target) (bool, error) {
	c, err := a.Callers.Identify(r)
	if err != nil {
		return false, err
	}
	for _, right := range rights(target) {
		ok, err := a.Access.May(r.Context(), c, right)
		if ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// rights to a target, of which one is enough. That to a node's logs is asked for all
// nodes, since one program answers for each of them.
func rights(target Target) []authorizationv1.ResourceAttributes {
	if target.Node {
		return []authorizationv1.ResourceAttributes{
			{Verb: "get", Resource: "nodes", Subresource: "proxy", Version: "v1"},
			{Verb: "get", Resource: "nodes", Subresource: "log", Version: "v1"},
		}
	}
	return []authorizationv1.ResourceAttributes{
		{Verb: "get", Resource: "pods", Subresource: "log", Version: "v1", Namespace: target.Namespace, Name: target.Pod},
	}
}

// AnyOf lets in whom one of its members lets in. Who is known to one is known.
type AnyOf []Authorizer

// MayRead asks one after the other.
func (a AnyOf) MayRead(r *http.Request, target Target) (bool, error) {
	known := false
	for _, one := range a {
		ok, err := one.MayRead(r, target)
		if ok {
			return true, nil
		}
		if err != nil && !errors.Is(err, caller.ErrUnknown) {
			return false, err
		}
		known = known || err == nil
	}
	if known {
		return false, nil
	}
	return false, caller.ErrUnknown
}
