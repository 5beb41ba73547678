package cluster

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

const managedBy = "corbel-local"

// ExposeProcess lets a Service lead to a process in the cluster's network. A Service
// that is there loses its selector; one that is not is made.
func (c *Cluster) ExposeProcess(ctx context.Context, namespace, service string, servicePort, targetPort int32) error {
	cfg, err := c.RESTConfig()
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return fmt.Errorf("client: %w", err)
	}
	name, err := ensureService(ctx, client, namespace, service, servicePort)
	if err != nil {
		return fmt.Errorf("expose %s/%s: %w", namespace, service, err)
	}
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Name: fmt.Sprintf("%s-%d", service, targetPort), Namespace: namespace,
			Labels: map[string]string{discoveryv1.LabelServiceName: service, discoveryv1.LabelManagedBy: managedBy},
		},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{c.Address()}}},
		Ports:       []discoveryv1.EndpointPort{{Name: &name, Port: &targetPort}},
	}
	slices := client.DiscoveryV1().EndpointSlices(namespace)
	_, err = slices.Create(ctx, slice, metav1.CreateOptions{})
	if errors.IsAlreadyExists(err) {
		_, err = slices.Update(ctx, slice, metav1.UpdateOptions{})
	}
	if err != nil {
		return fmt.Errorf("expose %s/%s: %w", namespace, service, err)
	}
	return nil
}

// ensureService gives the name of the Service's port, by which endpoints are matched.
func ensureService(ctx context.Context, client kubernetes.Interface, namespace, name string, port int32) (string, error) {
	services := client.CoreV1().Services(namespace)
	s, err := services.Get(ctx, name, metav1.GetOptions{})
	if errors.IsNotFound(err) {
		s = &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace},
			Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: "https", Port: port}}},
		}
		_, err = services.Create(ctx, s, metav1.CreateOptions{})
	}
	if err != nil {
		return "", err
	}
	if err := takeOver(ctx, client, s); err != nil {
		return "", err
	}
	for _, p := range s.Spec.Ports {
		if p.Port == port {
			return p.Name, nil
		}
	}
	return "", fmt.Errorf("service has no port %d", port)
}

// takeOver ends the endpoints that Kubernetes itself keeps for a Service by selector.
func takeOver(ctx context.Context, client kubernetes.Interface, s *corev1.Service) error {
	if len(s.Spec.Selector) == 0 {
		return nil
	}
	patch := []byte(`{"spec":{"selector":null}}`)
	_, err := client.CoreV1().Services(s.Namespace).Patch(ctx, s.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		return err
	}
	return client.DiscoveryV1().EndpointSlices(s.Namespace).DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{
		LabelSelector: discoveryv1.LabelServiceName + "=" + s.Name + "," + discoveryv1.LabelManagedBy + "=endpointslice-controller.k8s.io",
	})
}
