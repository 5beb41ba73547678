package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"

	"github.com/corbel-dev/corbel/hack/local/state"
)

type pair struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func readPair(certPath, keyPath string) (pair, error) {
	certDER, err := readBlock(certPath)
	if err != nil {
		return pair{}, err
	}
	keyDER, err := readBlock(keyPath)
	if err != nil {
		return pair{}, err
	}
	cert, err := x509.ParseCertificate(certDER)
	if err != nil {
		return pair{}, fmt.Errorf("%s: %w", certPath, err)
	}
	key, err := x509.ParseECPrivateKey(keyDER)
	if err != nil {
		return pair{}, fmt.Errorf("%s: %w", keyPath, err)
	}
	return pair{cert: cert, key: key}, nil
}

func readBlock(path string) ([]byte, error) {
	data, err := os.ReadFile(path) //nolint:gosec // a path of ours
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("%s: not PEM", path)
	}
	return block.Bytes, nil
}

func writePair(certPath, keyPath string, der []byte, key *ecdsa.PrivateKey) error {
	if err := writeKey(keyPath, key); err != nil {
		return err
	}
	return state.WriteFile(certPath, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644)
}

func writeKey(path string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return state.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}
