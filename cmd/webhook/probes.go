package main

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strconv"

	"go.uber.org/zap"
	"k8s.io/client-go/tools/cache"
	"knative.dev/pkg/injection"
	"knative.dev/pkg/logging"
)

// serveProbes answers the kubelet once the cache is filled, on a port that can be
// chosen: where the programs are processes on one machine, each needs its own.
func serveProbes(ctx context.Context, port int, filled cache.InformerSynced) {
	if !cache.WaitForCacheSync(ctx.Done(), filled) {
		return
	}
	if err := injection.ServeHealthProbes(ctx, port); err != nil && !errors.Is(err, http.ErrServerClosed) {
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
