package program

import (
	"testing"

	"knative.dev/pkg/controller"
	"knative.dev/pkg/injection"
)

func TestSetThreads(t *testing.T) {
	before := controller.DefaultThreadsPerController
	t.Cleanup(func() { controller.DefaultThreadsPerController = before })
	t.Setenv(envThreads, "17")
	if err := SetThreads(); err != nil || controller.DefaultThreadsPerController != 17 {
		t.Errorf("%v, %d threads", err, controller.DefaultThreadsPerController)
	}
	for _, bad := range []string{"", "0", "many"} {
		t.Setenv(envThreads, bad)
		if err := SetThreads(); err == nil {
			t.Errorf("%q threads are accepted", bad)
		}
	}
}

func TestProbesPort(t *testing.T) {
	for text, want := range map[string]int{"": injection.HealthCheckDefaultPort, "no": injection.HealthCheckDefaultPort, "8181": 8181} {
		t.Setenv("PROBES_PORT", text)
		if got := probesPort(); got != want {
			t.Errorf("PROBES_PORT=%q gives %d, want %d", text, got, want)
		}
	}
}
