package program

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strconv"

	"go.uber.org/zap"
	"k8s.io/client-go/tools/cache"
	"knative.dev/pkg/injection"
	"knative.dev/pkg/injection/sharedmain"
	"knative.dev/pkg/logging"
)

// WithOwnProbes leaves the probes to ServeProbes.
func WithOwnProbes(ctx context.Context) context.Context {
	return sharedmain.WithHealthProbesDisabled(ctx)
}

// ServeProbes answers the kubelet once the caches are filled, on the port that
// PROBES_PORT names: where programs are processes on one machine, each needs its
// own. It returns when ctx ends; a port that is taken ends the program.
func ServeProbes(ctx context.Context, filled ...cache.InformerSynced) {
	if !cache.WaitForCacheSync(ctx.Done(), filled...) {
		return
	}
	if err := injection.ServeHealthProbes(ctx, probesPort()); err != nil && !errors.Is(err, http.ErrServerClosed) {
		logging.FromContext(ctx).Fatalw("The probes cannot be served", zap.Error(err))
	}
}

func probesPort() int {
	port, err := strconv.Atoi(os.Getenv("PROBES_PORT"))
	if err != nil || port <= 0 {
		return injection.HealthCheckDefaultPort
	}
	return port
}
