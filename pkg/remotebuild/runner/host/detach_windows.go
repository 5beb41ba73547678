package host

import (
	"os/exec"

	"k8s.io/utils/clock"

	"github.com/corbel-dev/corbel/pkg/remotebuild/runner/builddir"
)

// No build starts on Windows, so there is nothing to detach and nothing to end.

func detach(*exec.Cmd) {}

func survivors(builddir.Supervisor, clock.WithTicker) int { return 0 }

func reap(builddir.Supervisor, clock.WithTicker) int { return 0 }
