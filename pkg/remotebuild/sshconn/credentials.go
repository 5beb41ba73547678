package sshconn

import (
	"bytes"
	"errors"

	"golang.org/x/crypto/ssh"

	"github.com/corbel-dev/corbel/pkg/fault"
)

// ReasonInvalidCredentials is of credentials that cannot be used.
const ReasonInvalidCredentials = "InvalidCredentials"

// Credentials are how to log in. A key is tried before a password.
type Credentials struct {
	// Key is a private key in PEM.
	Key []byte
	// Passphrase opens the key, if it is closed.
	Passphrase []byte
	// Certificate belongs to the key, as in id_ed25519-cert.pub.
	Certificate []byte
	// Password is for hosts that take nothing better. It is sent to the host.
	Password string
}

func (c Credentials) methods() ([]ssh.AuthMethod, error) {
	var methods []ssh.AuthMethod
	if len(c.Key) > 0 {
		signer, err := c.signer()
		if err != nil {
			return nil, err
		}
		methods = append(methods, ssh.PublicKeys(signer))
	}
	if c.Password != "" {
		methods = append(methods, ssh.Password(c.Password), ssh.KeyboardInteractive(c.answer))
	}
	if len(methods) == 0 {
		return nil, fault.User(ReasonInvalidCredentials, "neither a private key nor a password is given")
	}
	return methods, nil
}

func (c Credentials) signer() (ssh.Signer, error) {
	var signer ssh.Signer
	var err error
	if len(c.Passphrase) > 0 {
		signer, err = ssh.ParsePrivateKeyWithPassphrase(c.Key, c.Passphrase)
	} else {
		signer, err = ssh.ParsePrivateKey(c.Key)
	}
	if err != nil {
		return nil, fault.User(ReasonInvalidCredentials, "private key: %w", err)
	}
	if len(c.Certificate) == 0 {
		return signer, nil
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey(c.Certificate)
	if err != nil {
		return nil, fault.User(ReasonInvalidCredentials, "certificate: %w", err)
	}
	cert, ok := key.(*ssh.Certificate)
	if !ok || !bytes.Equal(cert.Key.Marshal(), signer.PublicKey().Marshal()) {
		return nil, fault.User(ReasonInvalidCredentials, "certificate: it is not of this private key")
	}
	signed, err := ssh.NewCertSigner(cert, signer)
	if err != nil {
		return nil, fault.User(ReasonInvalidCredentials, "certificate: %w", err)
	}
	return signed, nil
}

// answer gives the password to a hidden question, and to no other.
func (c Credentials) answer(_, _ string, questions []string, echos []bool) ([]string, error) {
	answers := make([]string, len(questions))
	for i, echo := range echos {
		if echo {
			return nil, errors.New("the host asks for more than a password")
		}
		answers[i] = c.Password
	}
	return answers, nil
}
