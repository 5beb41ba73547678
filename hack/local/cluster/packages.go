package cluster

import (
	"context"

	"github.com/corbel-dev/corbel/hack/local/debian"
	"github.com/corbel-dev/corbel/hack/local/progress"
)

// needPackages makes sure of what a mode needs from the distribution.
func needPackages(ctx context.Context, mode Mode, log *progress.Log) error {
	needs := debian.Network()
	if mode == Node {
		needs = append(needs, debian.Node()...)
	}
	return debian.Need(ctx, log, needs...)
}
