package server

import (
	"fmt"
	"net/http"

	"github.com/corbel-dev/corbel/pkg/logs/caller"
	"github.com/corbel-dev/corbel/pkg/logs/kubelet"
)

// doors are the ways to prove who one is, and the judge of rights, which may be nil.
type doors struct {
	certificates, tokens caller.Identifier
	access               kubelet.Access
}

// nobody knows no caller: it stands where a way to prove oneself is turned off.
type nobody struct{}

// Identify knows nobody.
func (nobody) Identify(*http.Request) (*caller.Caller, error) { return nil, caller.ErrUnknown }

func (c *Config) doors() (*doors, error) {
	d := &doors{certificates: nobody{}, tokens: nobody{}}
	if c.ClientCAFile != "" {
		authorities := c.authorities()
		if err := authorities.start(); err != nil {
			return nil, fmt.Errorf("authorities of client certificates: %w", err)
		}
		d.certificates = &caller.Certificates{Roots: authorities.get, Clock: c.Clock}
	}
	if c.Kubernetes != nil {
		d.tokens = caller.NewTokens(c.Kubernetes.AuthenticationV1().TokenReviews(), c.Clock, c.Audiences...)
		d.access = caller.NewAccess(c.Kubernetes.AuthorizationV1().SubjectAccessReviews(), c.Clock)
	}
	return d, nil
}

// readers says who may read: those with a certificate of one of the names, and those
// to whom the API server gives the right.
func (d *doors) readers(names []string) kubelet.Authorizer {
	out := kubelet.AnyOf{&kubelet.ByCertificate{Certificates: d.certificates, Names: names}}
	if d.access != nil {
		out = append(out, &kubelet.ByReview{Callers: caller.Any{d.certificates, d.tokens}, Access: d.access})
	}
	return out
}
