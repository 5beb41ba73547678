package supervisor

import (
	"io"

	"k8s.io/utils/clock"

	"github.com/corbel-dev/corbel/pkg/remotebuild/runner/builddir"
)

// Options of one supervisor.
type Options struct {
	Dir builddir.Dir
	// Secrets holds a JSON object of names and values, and then ends.
	Secrets io.Reader
	// Ready is closed once the build is claimed. Before that, it gets why it was not.
	Ready io.WriteCloser
	Clock clock.WithTicker
}
