package sshconn

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"k8s.io/utils/clock"

	"github.com/corbel-dev/corbel/pkg/fault"
)

// ReasonInvalidHostKey is of a host whose pinned keys cannot be read.
const ReasonInvalidHostKey = "InvalidHostKey"

// HostKeys are who a host may be.
type HostKeys struct {
	// Keys are lines like "ssh-ed25519 AAAA... comment".
	Keys []string
	// Authorities are lines of keys that sign host certificates.
	Authorities []string
}

// pins are host keys, parsed.
type pins struct {
	keys        []ssh.PublicKey
	authorities []ssh.PublicKey
}

var errNotPinned = errors.New("the host shows a key that is not pinned")

// parse wants at least one key or authority.
func (h HostKeys) parse() (pins, error) {
	keys, err := parseKeys("hostKeys", h.Keys)
	if err != nil {
		return pins{}, err
	}
	authorities, err := parseKeys("host authorities", h.Authorities)
	if err != nil {
		return pins{}, err
	}
	if len(keys)+len(authorities) == 0 {
		return pins{}, fault.User(ReasonInvalidHostKey, "no host key is pinned: give hostKeys or a host authority (ssh-keyscan shows keys; compare them on the host)")
	}
	return pins{keys: keys, authorities: authorities}, nil
}

func parseKeys(field string, lines []string) ([]ssh.PublicKey, error) {
	var keys []ssh.PublicKey
	for i, line := range lines {
		key, _, options, rest, err := ssh.ParseAuthorizedKey([]byte(strings.TrimSpace(line)))
		if err == nil && (len(options) > 0 || len(bytes.TrimSpace(rest)) > 0) {
			err = errors.New("more than a type, a key and a comment")
		}
		if _, isCert := key.(*ssh.Certificate); isCert {
			err = errors.New("a certificate; give the key of its authority")
		}
		if err != nil {
			return nil, fault.User(ReasonInvalidHostKey, "%s[%d]: %w", field, i, err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// algorithms are those of the pinned keys, best first: a server would else choose a key
// of another type, and its good host would look like a wrong one.
func (p pins) algorithms() []string {
	var all []string
	if len(p.authorities) > 0 {
		all = append(all,
			ssh.CertAlgoED25519v01, ssh.CertAlgoECDSA256v01, ssh.CertAlgoECDSA384v01, ssh.CertAlgoECDSA521v01,
			ssh.CertAlgoRSASHA512v01, ssh.CertAlgoRSASHA256v01)
	}
	for _, key := range p.keys {
		switch key.Type() {
		case ssh.KeyAlgoRSA:
			all = append(all, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256)
		default:
			all = append(all, key.Type())
		}
	}
	slices.SortStableFunc(all, func(a, b string) int { return rank(a) - rank(b) })
	return slices.Compact(all)
}

// rank puts Ed25519 first and RSA last.
func rank(algorithm string) int {
	for i, part := range []string{"ed25519", "ecdsa"} {
		if strings.Contains(algorithm, part) {
			return i
		}
	}
	return 2
}

// callback accepts the pinned keys, and certificates of the pinned authorities for the name.
func (p pins) callback(name string, c clock.PassiveClock) ssh.HostKeyCallback {
	pinned := func(key ssh.PublicKey, among []ssh.PublicKey) bool {
		return slices.ContainsFunc(among, func(k ssh.PublicKey) bool { return bytes.Equal(k.Marshal(), key.Marshal()) })
	}
	checker := &ssh.CertChecker{
		Clock:           c.Now,
		IsHostAuthority: func(key ssh.PublicKey, _ string) bool { return pinned(key, p.authorities) },
	}
	address := hostPort(name)
	return func(_ string, remote addr, key ssh.PublicKey) error {
		if cert, ok := key.(*ssh.Certificate); ok {
			if err := checker.CheckHostKey(address, remote, cert); err != nil {
				return fmt.Errorf("%w: %s: %w", errNotPinned, ssh.FingerprintSHA256(cert.SignatureKey), err)
			}
			return nil
		}
		if !pinned(key, p.keys) {
			return fmt.Errorf("%w: %s %s", errNotPinned, key.Type(), ssh.FingerprintSHA256(key))
		}
		return nil
	}
}
