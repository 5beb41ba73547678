package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/corbel-dev/corbel/hack/local/netns"
	"github.com/corbel-dev/corbel/hack/local/state"
)

// sink receives Tekton's CloudEvents, on this machine's side of the cluster's network.
type sink struct {
	server *http.Server
	mu     sync.Mutex
	types  map[types.UID][]string
}

// openSink listens, and tells Tekton's events controller where.
func openSink(ctx context.Context) (*sink, error) {
	wan, err := netns.OpenWan(state.Default())
	if err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(wan.Address().String(), "0"))
	if err != nil {
		return nil, err
	}
	s := &sink{types: map[types.UID][]string{}}
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.server.Serve(listener) }()
	cfg, err := world.RESTConfig()
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return nil, err
	}
	patch := fmt.Sprintf(`{"data":{"formats":"tektonv1","sink":"http://%s"}}`, listener.Addr())
	_, err = client.CoreV1().ConfigMaps("tekton-pipelines").Patch(ctx, "config-events", types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	return s, err
}

func (s *sink) close() { _ = s.server.Close() }

// ServeHTTP notes the type of an event about a CustomRun.
func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var data struct {
		CustomRun *v1beta1.CustomRun `json:"customRun"`
	}
	raw, err := io.ReadAll(r.Body)
	if err == nil && json.Unmarshal(raw, &data) == nil && data.CustomRun != nil {
		s.mu.Lock()
		s.types[data.CustomRun.UID] = append(s.types[data.CustomRun.UID], strings.TrimPrefix(r.Header.Get("Ce-Type"), "dev.tekton.event.customrun."))
		s.mu.Unlock()
	}
	w.WriteHeader(http.StatusAccepted)
}

// about is what was heard of one run, in the order of arrival.
func (s *sink) about(uid types.UID) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.types[uid]...)
}
