package server

import (
	"net"
	"time"

	"go.uber.org/zap"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/clock"

	"github.com/corbel-dev/corbel/pkg/logs"
)

// Config of the service.
type Config struct {
	// Listener takes connections; the service closes it.
	Listener net.Listener
	// CertFile and KeyFile are of the serving certificate; they are read again when
	// they change.
	CertFile, KeyFile string
	// ClientCAFile has the authorities whose client certificates count; it is read
	// again when it changes. Empty means that no certificate counts.
	ClientCAFile string
	// Readers are the common names of certificates that may read everything: the
	// client certificate with which the API server calls kubelets.
	Readers []string
	// Writers are users who may write the logs of a source, by source. These sources
	// are closed to certificates.
	Writers map[string]string
	// Kubernetes reviews tokens and rights; nil means that no token counts.
	Kubernetes kubernetes.Interface
	// Audiences of tokens; none means that of the API server.
	Audiences []string

	// Root is the folder of the store.
	Root      string
	MaxStream int64
	Retention logs.Retention
	// SweepEvery is how often retention is applied.
	SweepEvery time.Duration

	Clock clock.WithTicker
	Log   *zap.SugaredLogger
}
