package main

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/informers"
	kubeclient "knative.dev/pkg/client/injection/kube/client"
	"knative.dev/pkg/controller"
	"knative.dev/pkg/injection"
	"knative.dev/pkg/injection/clients/namespacedkube/informers/factory"
	"knative.dev/pkg/system"
	"knative.dev/pkg/webhook"
)

// The factory that the certificate controller uses watches all Secrets of the
// namespace. Registered after it, this one takes its place and watches one
// Secret by name, so that RBAC need not show the webhook any other.
func init() {
	injection.Default.RegisterInformerFactory(withOneSecret)
}

func withOneSecret(ctx context.Context) context.Context {
	byName := fields.OneTermEqualSelector(metav1.ObjectNameField, secretName()).String()
	return context.WithValue(ctx, factory.Key{},
		informers.NewSharedInformerFactoryWithOptions(kubeclient.Get(ctx), controller.GetResyncPeriod(ctx),
			informers.WithNamespace(system.Namespace()),
			informers.WithTweakListOptions(func(options *metav1.ListOptions) { options.FieldSelector = byName }),
		))
}

// secretName is the Secret that holds the webhook's certificate.
func secretName() string {
	return webhook.SecretNameFromEnv("corbel-webhook-certs")
}
