// The webhook fills in what people leave out of an ApprovalDecision. It is a
// convenience: what a decision may say is judged inside the API server.
package main

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"knative.dev/pkg/configmap"
	"knative.dev/pkg/controller"
	"knative.dev/pkg/injection/sharedmain"
	"knative.dev/pkg/signals"
	"knative.dev/pkg/webhook"
	"knative.dev/pkg/webhook/certificates"
	"knative.dev/pkg/webhook/resourcesemantics"
	"knative.dev/pkg/webhook/resourcesemantics/defaulting"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/program"
)

const (
	// component names the program in its logs, its lease and its metrics.
	component = "corbel-webhook"
	// serviceName is the Service that the API server calls.
	serviceName = "corbel-webhook"
	// configurationName is the MutatingWebhookConfiguration, and the webhook in it.
	configurationName = "defaulting.webhook.corbel.dev"
	defaultPort       = 8443
	// gracePeriod is how long the API server may take to see that this replica ends.
	gracePeriod = 10 * time.Second
)

// defaulted are the kinds whose SetDefaults the webhook runs.
var defaulted = map[schema.GroupVersionKind]resourcesemantics.GenericCRD{
	v1alpha1.SchemeGroupVersion.WithKind("ApprovalDecision"): &v1alpha1.ApprovalDecision{},
}

func main() {
	ctx := webhook.WithOptions(signals.NewContext(), webhook.Options{
		ServiceName: serviceName,
		SecretName:  secretName(),
		Port:        webhook.PortFromEnv(defaultPort),
		GracePeriod: gracePeriod,
	})
	sharedmain.MainWithContext(program.WithOwnProbes(ctx), component,
		certificates.NewController,
		newDefaulting,
	)
}

func newDefaulting(ctx context.Context, _ configmap.Watcher) *controller.Impl {
	requests := newRequests(ctx)
	go program.ServeProbes(ctx, requests.filled)
	withRequests := func(ctx context.Context) context.Context {
		return v1alpha1.WithRequestLookup(ctx, requests.find)
	}
	// A field that this version does not know is left to the schema to judge.
	const disallowUnknownFields = false
	return defaulting.NewAdmissionController(ctx, configurationName, "/defaulting", defaulted, withRequests, disallowUnknownFields)
}
