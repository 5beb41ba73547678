package supervisor

import (
	"context"

	"github.com/corbel-dev/corbel/pkg/remotebuild/runner/process"
)

// Run is refused.
func Run(context.Context, Options) error { return process.Unsupported() }
