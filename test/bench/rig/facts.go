package rig

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/corbel-dev/corbel/test/bench/report"
)

// Facts are what all figures depend on.
func (r *Rig) Facts(ctx context.Context) ([]report.Condition, error) {
	version, err := r.Admin.Kube.Discovery().ServerVersion()
	if err != nil {
		return nil, fmt.Errorf("version: %w", err)
	}
	controllers, err := r.Controllers()
	if err != nil {
		return nil, err
	}
	first := controllers[0].Spec()
	threads, _ := variable(controllers[0], "K_THREADS_PER_CONTROLLER")
	leader := r.config(ctx, "corbel-system", "config-leader-election-controller").Data
	return []report.Condition{
		{Name: "date", Value: time.Now().UTC().Format(time.RFC3339)},
		{Name: "machine", Value: fmt.Sprintf("%d cores, %s, %s of memory, %s", runtime.NumCPU(), procValue("/proc/cpuinfo", "model name"), procValue("/proc/meminfo", "MemTotal"), kernel())},
		{Name: "load at the start", Value: loadAverage() + " (1, 5, 15 minutes)"},
		{Name: "Go", Value: runtime.Version()},
		{Name: "Kubernetes", Value: version.GitVersion + ", control plane as processes, no node; etcd without fsync; audit log at level Metadata, written before the answer"},
		{Name: "Tekton Pipelines", Value: r.config(ctx, "tekton-pipelines", "pipelines-info").Data["version"] + ", default settings, as processes"},
		{Name: "Corbel", Value: fmt.Sprintf("config/ as it is; controller: %d replicas as processes on the same machine, %s, %s workers a controller; leases: %s, %s buckets; pprof on",
			len(controllers), strings.Join(first.Args, " "), threads, leader["lease-duration"], leader["buckets"])},
		{Name: "times", Value: "stamps of the API server's audit log, microseconds, one clock"},
	}, nil
}

// config is a ConfigMap; an empty one where it cannot be read.
func (r *Rig) config(ctx context.Context, namespace, name string) *corev1.ConfigMap {
	found, err := r.Admin.Kube.CoreV1().ConfigMaps(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return &corev1.ConfigMap{}
	}
	return found
}

// procValue is the first "key: value" of a file under /proc.
func procValue(path, key string) string {
	data, err := os.ReadFile(path) //nolint:gosec // a constant
	if err != nil {
		return "unknown"
	}
	for line := range strings.SplitSeq(string(data), "\n") {
		name, value, ok := strings.Cut(line, ":")
		if ok && strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

func kernel() string {
	data, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "Linux"
	}
	return "Linux " + strings.TrimSpace(string(data))
}

func loadAverage() string {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(data))[:3], ", ")
}
