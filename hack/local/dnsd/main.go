// Command dnsd is the name server of a cluster's pods: package dns on a socket, with
// the cluster's Services.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"syscall"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	discoverylisters "k8s.io/client-go/listers/discovery/v1"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/corbel-dev/corbel/hack/local/dns"
)

// largest is more than any query is over UDP.
const largest = 4096

func main() {
	listen := flag.String("listen", "127.0.0.1:53", "address to serve")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *listen, os.Getenv("KUBECONFIG")); err != nil {
		log.Println("dnsd:", err)
		os.Exit(1) //nolint:gocritic // stop only restores signals
	}
}

func run(ctx context.Context, address, kubeconfig string) error {
	cfg, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	known := services{
		services: factory.Core().V1().Services().Lister(),
		slices:   factory.Discovery().V1().EndpointSlices().Lister(),
	}
	factory.Start(ctx.Done())
	conn, err := new(net.ListenConfig).ListenPacket(ctx, "udp", address)
	if err != nil {
		return err
	}
	go func() {
		<-ctx.Done()
		_ = conn.Close()
	}()
	factory.WaitForCacheSync(ctx.Done())
	return serve(conn, known.lookup)
}

func serve(conn net.PacketConn, lookup dns.Lookup) error {
	query := make([]byte, largest)
	for {
		n, from, err := conn.ReadFrom(query)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		answer, err := dns.Answer(query[:n], lookup)
		if err == nil {
			_, err = conn.WriteTo(answer, from)
		}
		if err != nil {
			log.Println(err)
		}
	}
}

// services is what the cluster knows.
type services struct {
	services corelisters.ServiceLister
	slices   discoverylisters.EndpointSliceLister
}

func (s services) lookup(namespace, name string) ([]netip.Addr, bool) {
	service, err := s.services.Services(namespace).Get(name)
	if err != nil {
		return nil, false
	}
	if service.Spec.ClusterIP != corev1.ClusterIPNone {
		return parse(service.Spec.ClusterIP), true
	}
	// A headless Service is all of its ready endpoints.
	selector := labels.SelectorFromSet(labels.Set{discoveryv1.LabelServiceName: name})
	slices, err := s.slices.EndpointSlices(namespace).List(selector)
	if err != nil {
		return nil, false
	}
	var all []netip.Addr
	for _, slice := range slices {
		for _, e := range slice.Endpoints {
			if e.Conditions.Ready == nil || *e.Conditions.Ready {
				all = append(all, parse(e.Addresses...)...)
			}
		}
	}
	return all, true
}

func parse(addresses ...string) []netip.Addr {
	var all []netip.Addr
	for _, s := range addresses {
		if a, err := netip.ParseAddr(s); err == nil {
			all = append(all, a)
		}
	}
	return all
}
