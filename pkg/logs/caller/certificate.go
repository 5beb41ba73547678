package caller

import (
	"crypto/x509"
	"fmt"
	"net/http"

	"k8s.io/utils/clock"
)

// Certificates know callers by the certificate of their connection: its common name
// is who they are, its organisations are their groups. The TLS server must ask for
// certificates (tls.RequestClientCert); it need not judge them.
type Certificates struct {
	// Roots are the authorities that count, as they are now.
	Roots func() *x509.CertPool
	Clock clock.PassiveClock
}

// Identify verifies the chain, for the use as a client, at this moment: not only
// when the connection was made.
func (c *Certificates) Identify(r *http.Request) (*Caller, error) {
	roots := c.Roots()
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 || roots == nil {
		return nil, ErrUnknown
	}
	leaf, between := r.TLS.PeerCertificates[0], x509.NewCertPool()
	for _, cert := range r.TLS.PeerCertificates[1:] {
		between.AddCert(cert)
	}
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots:         roots,
		Intermediates: between,
		CurrentTime:   c.Clock.Now(),
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	if leaf.Subject.CommonName == "" {
		return nil, fmt.Errorf("%w: the certificate has no common name", ErrUnknown)
	}
	return &Caller{Name: leaf.Subject.CommonName, Groups: leaf.Subject.Organization}, nil
}
