package logs

import (
	"fmt"
	"path/filepath"
	"regexp"
)

// Name tells a stream: who sent it, the run it belongs to, and the pod and the
// container under which people look for it.
type Name struct {
	Source, Run, Pod, Container string
}

// part is what each part of a name may be: a file name on every system, no dot
// first, so that no name leads out of the store.
var part = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]{0,251}[a-z0-9])?$`)

// Check refuses names that are no names.
func (n Name) Check() error {
	for _, p := range []struct{ field, value string }{
		{"source", n.Source}, {"run", n.Run}, {"pod", n.Pod}, {"container", n.Container},
	} {
		if !part.MatchString(p.value) {
			return fmt.Errorf("%w: %s %q: use lower-case letters, digits, dots, dashes and underscores, 253 at most", ErrName, p.field, p.value)
		}
	}
	return nil
}

func (n Name) String() string {
	return n.Source + "/" + n.Run + "/" + n.Pod + "/" + n.Container
}

// levels of folders between that of the store and a stream's files.
const levels = 4

func (n Name) path(root string) string {
	return filepath.Join(root, n.Source, n.Run, n.Pod, n.Container)
}
