package program

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/record"
	"knative.dev/pkg/configmap"
	"knative.dev/pkg/controller"
	"knative.dev/pkg/injection"
	"knative.dev/pkg/logging"
)

// Events a second that a program sends, and how many at once.
const (
	eventsPerSecond = 20
	eventsAtOnce    = 40
)

// WithPatientEvents lets the events of a controller wait while it has better to
// do: they have a client of their own, which is slow, so that in a burst the API
// server is left to the writes that somebody waits for. Up to a thousand events
// wait; beyond that, client-go drops them.
func WithPatientEvents(component string, build injection.ControllerConstructor) injection.ControllerConstructor {
	return func(ctx context.Context, watcher configmap.Watcher) *controller.Impl {
		patient := rest.CopyConfig(injection.GetConfig(ctx))
		patient.QPS, patient.Burst, patient.RateLimiter = eventsPerSecond, eventsAtOnce, nil
		client, err := kubernetes.NewForConfig(patient)
		if err != nil {
			logging.FromContext(ctx).Fatalw("make the client for events", "error", err)
		}
		broadcaster := record.NewBroadcaster(record.WithContext(ctx))
		broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: client.CoreV1().Events("")})
		recorder := broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: component})
		return build(controller.WithEventRecorder(ctx, recorder), watcher)
	}
}
