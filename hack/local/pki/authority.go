package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/corbel-dev/corbel/hack/local/state"
)

const life = 10 * 365 * 24 * time.Hour

// Authority signs for one cluster. Its files are in one folder.
type Authority struct {
	dir  string
	cert *x509.Certificate
	key  crypto.Signer
}

// Open reads the authority in dir, or makes it there.
func Open(dir string) (*Authority, error) {
	a := &Authority{dir: dir}
	err := a.load()
	if errors.Is(err, fs.ErrNotExist) {
		err = a.create()
	}
	if err != nil {
		return nil, fmt.Errorf("cluster authority: %w", err)
	}
	return a, nil
}

// CertPath is the authority's certificate, for all who verify.
func (a *Authority) CertPath() string { return filepath.Join(a.dir, "ca.crt") }

// KeyPath is the authority's key, for the cluster's own signer.
func (a *Authority) KeyPath() string { return filepath.Join(a.dir, "ca.key") }

func (a *Authority) load() error {
	pair, err := readPair(a.CertPath(), a.KeyPath())
	if err != nil {
		return err
	}
	a.cert, a.key = pair.cert, pair.key
	return nil
}

func (a *Authority) create() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template, err := newTemplate(pkix.Name{CommonName: "kubernetes"})
	if err != nil {
		return err
	}
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	if err := writePair(a.CertPath(), a.KeyPath(), der, key); err != nil {
		return err
	}
	return a.load()
}

// Subject is whom a certificate is for. Names and addresses make it a server's.
type Subject struct {
	User      string
	Groups    []string
	Names     []string
	Addresses []net.IP
}

// Pair is where a certificate and its key are.
type Pair struct{ Cert, Key string }

// Issue makes a certificate under the given file name, or finds the one made before.
func (a *Authority) Issue(file string, s Subject) (Pair, error) {
	p := Pair{Cert: filepath.Join(a.dir, file+".crt"), Key: filepath.Join(a.dir, file+".key")}
	if _, err := readPair(p.Cert, p.Key); err == nil {
		return p, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return p, fmt.Errorf("issue %s: %w", file, err)
	}
	template, err := newTemplate(pkix.Name{CommonName: s.User, Organization: s.Groups})
	if err != nil {
		return p, fmt.Errorf("issue %s: %w", file, err)
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if len(s.Names)+len(s.Addresses) > 0 {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
		template.DNSNames, template.IPAddresses = s.Names, s.Addresses
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return p, fmt.Errorf("issue %s: %w", file, err)
	}
	return p, writePair(p.Cert, p.Key, der, key)
}

// SigningKey makes a key pair for service-account tokens, or finds it.
func (a *Authority) SigningKey() (Pair, error) {
	p := Pair{Cert: filepath.Join(a.dir, "sa.pub"), Key: filepath.Join(a.dir, "sa.key")}
	if _, err := os.Stat(p.Cert); err == nil {
		return p, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return p, fmt.Errorf("signing key: %w", err)
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return p, fmt.Errorf("signing key: %w", err)
	}
	if err := writeKey(p.Key, key); err != nil {
		return p, err
	}
	return p, state.WriteFile(p.Cert, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}), 0o644)
}

func newTemplate(name pkix.Name) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      name,
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(life),
	}, nil
}
