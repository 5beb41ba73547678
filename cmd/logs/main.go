// The log service keeps the logs of work that ran elsewhere, and is the kubelet of
// the virtual nodes, where people read them.
//
//	--address        where to listen (":10250")
//	--root           folder of the logs ("/var/lib/corbel-logs")
//	--cert, --key    serving certificate, PEM; read again when they change
//	--client-ca      authorities of client certificates, PEM; read again when it
//	                 changes; empty: no certificate counts
//	--reader         common name of a client certificate that may read everything,
//	                 repeated ("kube-apiserver-kubelet-client")
//	--writer         source=user who may write the logs of a source by a token, such
//	                 as hosts=system:serviceaccount:corbel-system:corbel-controller,
//	                 repeated; other sources are clusters, whose agents have a client
//	                 certificate CN=corbel:<cluster>:agent, O=corbel:<cluster>
//	--audience       audience of tokens, repeated; none: that of the API server
//	--tokens         whether tokens count, by TokenReview and SubjectAccessReview (true)
//	--kubeconfig     of the API server that reviews; empty: the one around the program
//	--max-stream     bytes of one log (1 GiB); what is longer is truncated, and says so
//	--max-age        of a finished log (30 days); 0: no bound
//	--max-abandoned  age of a log that nobody finished (7 days); 0: no bound
//	--max-total      bytes of all logs, the oldest finished ones go first (0: no bound)
//	--sweep-every    how often old logs are removed (10 minutes)
//
// It ends in good order on SIGTERM and SIGINT.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/pflag"
	"go.uber.org/zap"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/utils/clock"

	"github.com/corbel-dev/corbel/pkg/logs/server"
)

const day = 24 * time.Hour

// flags of the program that are not settings of the service as they stand.
type flags struct {
	address, kubeconfig string
	tokens              bool
	writers             []string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, pflag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "logs:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	logger, err := zap.NewProduction()
	if err != nil {
		return err
	}
	defer logger.Sync() //nolint:errcheck // it goes to stderr
	c := server.Config{Clock: clock.RealClock{}, Log: logger.Named("logs").Sugar()}
	f, err := parse(args, &c)
	if err != nil {
		return err
	}
	if c.Writers, err = server.ParseWriters(f.writers); err != nil {
		return err
	}
	if f.tokens {
		config, err := clientcmd.BuildConfigFromFlags("", f.kubeconfig)
		if err != nil {
			return fmt.Errorf("API server that reviews tokens: %w", err)
		}
		config.QPS, config.Burst = 50, 100
		if c.Kubernetes, err = kubernetes.NewForConfig(config); err != nil {
			return err
		}
	}
	var listen net.ListenConfig
	if c.Listener, err = listen.Listen(ctx, "tcp", f.address); err != nil {
		return err
	}
	return server.Run(ctx, c)
}

func parse(args []string, c *server.Config) (flags, error) {
	var f flags
	set := pflag.NewFlagSet("logs", pflag.ContinueOnError)
	set.StringVar(&f.address, "address", ":10250", "where to listen")
	set.StringVar(&c.Root, "root", "/var/lib/corbel-logs", "folder of the logs")
	set.StringVar(&c.CertFile, "cert", "/etc/corbel-logs/tls.crt", "serving certificate")
	set.StringVar(&c.KeyFile, "key", "/etc/corbel-logs/tls.key", "key of the serving certificate")
	set.StringVar(&c.ClientCAFile, "client-ca", "", "authorities of client certificates")
	set.StringArrayVar(&c.Readers, "reader", []string{"kube-apiserver-kubelet-client"}, "common name that may read everything")
	set.StringArrayVar(&f.writers, "writer", nil, "source=user who may write the logs of a source")
	set.StringArrayVar(&c.Audiences, "audience", nil, "audience of tokens")
	set.BoolVar(&f.tokens, "tokens", true, "whether tokens count")
	set.StringVar(&f.kubeconfig, "kubeconfig", "", "of the API server that reviews tokens")
	set.Int64Var(&c.MaxStream, "max-stream", 1<<30, "bytes of one log")
	set.DurationVar(&c.Retention.MaxAge, "max-age", 30*day, "age of a finished log")
	set.DurationVar(&c.Retention.MaxAbandoned, "max-abandoned", 7*day, "age of a log that nobody finished")
	set.Int64Var(&c.Retention.MaxTotal, "max-total", 0, "bytes of all logs")
	set.DurationVar(&c.SweepEvery, "sweep-every", 10*time.Minute, "how often old logs are removed")
	return f, set.Parse(args)
}
