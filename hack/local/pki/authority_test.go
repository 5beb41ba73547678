package pki_test

import (
	"crypto/x509"
	"encoding/pem"
	"net"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/corbel-dev/corbel/hack/local/pki"
)

func open(t *testing.T, dir string) *pki.Authority {
	t.Helper()
	ca, err := pki.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

func read(t *testing.T, path string) *x509.Certificate {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(data)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestUserCertificateNamesUserAndGroups(t *testing.T) {
	ca := open(t, t.TempDir())
	pair, err := ca.Issue("ana", pki.Subject{User: "ana", Groups: []string{"devs", "leads"}})
	if err != nil {
		t.Fatal(err)
	}
	cert := read(t, pair.Cert)
	if cert.Subject.CommonName != "ana" {
		t.Errorf("user = %q, want ana", cert.Subject.CommonName)
	}
	if diff := cmp.Diff([]string{"devs", "leads"}, cert.Subject.Organization); diff != "" {
		t.Errorf("groups (-want +got)\n%s", diff)
	}
	verify(t, ca, cert, x509.VerifyOptions{KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
}

func TestServerCertificateIsForItsNamesAndAddresses(t *testing.T) {
	ca := open(t, t.TempDir())
	pair, err := ca.Issue("server", pki.Subject{
		User: "server", Names: []string{"kubernetes"}, Addresses: []net.IP{net.ParseIP("10.96.0.1")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"kubernetes", "10.96.0.1"} {
		verify(t, ca, read(t, pair.Cert), x509.VerifyOptions{DNSName: name})
	}
}

func verify(t *testing.T, ca *pki.Authority, cert *x509.Certificate, options x509.VerifyOptions) {
	t.Helper()
	options.Roots = x509.NewCertPool()
	options.Roots.AddCert(read(t, ca.CertPath()))
	if _, err := cert.Verify(options); err != nil {
		t.Error(err)
	}
}

func TestWhatWasIssuedIsFoundAgain(t *testing.T) {
	dir := t.TempDir()
	first, err := open(t, dir).Issue("ana", pki.Subject{User: "ana"})
	if err != nil {
		t.Fatal(err)
	}
	before := read(t, first.Cert)
	second, err := open(t, dir).Issue("ana", pki.Subject{User: "ana"})
	if err != nil {
		t.Fatal(err)
	}
	if !before.Equal(read(t, second.Cert)) {
		t.Error("a second Issue made another certificate")
	}
}

func TestSigningKeyIsKept(t *testing.T) {
	ca := open(t, t.TempDir())
	pair, err := ca.SigningKey()
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(pair.Key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ca.SigningKey(); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(pair.Key)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(before), string(after)); diff != "" {
		t.Errorf("the key changed (-want +got)\n%s", diff)
	}
}
