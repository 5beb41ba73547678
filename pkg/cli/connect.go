package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	authenticationv1 "k8s.io/client-go/kubernetes/typed/authentication/v1"
	authorizationv1 "k8s.io/client-go/kubernetes/typed/authorization/v1"
	corev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	corbelv1alpha1 "github.com/corbel-dev/corbel/pkg/client/clientset/versioned/typed/corbel/v1alpha1"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/cli/gates"
)

// Requests of a person are few and come in bursts; the server's own fairness
// bounds them better than the client's default of 5 a second.
const (
	clientQPS   = 50
	clientBurst = 300
)

// Target says which cluster and namespace, and as whom.
type Target struct {
	Kubeconfig, Context, Namespace, As string
	AsGroups                           []string
	// Warnings takes what the API server warns of.
	Warnings io.Writer
}

func (t *Target) bind(flags *pflag.FlagSet) {
	flags.StringVarP(&t.Namespace, "namespace", "n", "", "namespace to work in (default: that of the context)")
	flags.StringVar(&t.Kubeconfig, "kubeconfig", "", "path of the kubeconfig file (default: $KUBECONFIG, then ~/.kube/config)")
	flags.StringVar(&t.Context, "context", "", "context of the kubeconfig file")
	flags.StringVar(&t.As, "as", "", "user to impersonate")
	flags.StringArrayVar(&t.AsGroups, "as-group", nil, "group to impersonate, with --as; may be repeated")
}

// connect opens the way that the flags of the command name.
func (a *app) connect(cmd *cobra.Command) (*Connection, error) {
	target := a.target
	target.Warnings = cmd.ErrOrStderr()
	return a.Connect(target)
}

// Connection is what the commands use of a cluster.
type Connection struct {
	// Namespace that the flags or the context name.
	Namespace      string
	Corbel         corbelv1alpha1.CorbelV1alpha1Interface
	Authentication authenticationv1.AuthenticationV1Interface
	Authorization  authorizationv1.AuthorizationV1Interface
	Core           corev1.NamespacesGetter
}

// Dial opens the way to the cluster that kubeconfig files and flags name.
func Dial(t Target) (*Connection, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = t.Kubeconfig
	overrides := &clientcmd.ConfigOverrides{CurrentContext: t.Context, Context: clientcmdapi.Context{Namespace: t.Namespace}}
	overrides.AuthInfo.Impersonate, overrides.AuthInfo.ImpersonateGroups = t.As, t.AsGroups
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides)

	namespace, _, err := loader.Namespace()
	if err != nil {
		return nil, fmt.Errorf("read the kubeconfig: %w", err)
	}
	config, err := loader.ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("read the kubeconfig: %w", err)
	}
	config.QPS, config.Burst, config.UserAgent = clientQPS, clientBurst, "tkn-corbel"
	config.WarningHandler = rest.NewWarningWriter(t.Warnings, rest.WarningWriterOptions{Deduplicate: true})
	return newConnection(config, namespace)
}

func newConnection(config *rest.Config, namespace string) (*Connection, error) {
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, err
	}
	c := &Connection{Namespace: namespace}
	if c.Corbel, err = corbelv1alpha1.NewForConfigAndClient(config, client); err != nil {
		return nil, err
	}
	if c.Authentication, err = authenticationv1.NewForConfigAndClient(config, client); err != nil {
		return nil, err
	}
	if c.Authorization, err = authorizationv1.NewForConfigAndClient(config, client); err != nil {
		return nil, err
	}
	c.Core, err = corev1.NewForConfigAndClient(config, client)
	return c, err
}

// find gives the request that a name means.
func (c *Connection) find(ctx context.Context, name string) (*v1alpha1.ApprovalRequest, error) {
	return gates.Find(ctx, c.Corbel.ApprovalRequests(c.Namespace), c.Namespace, name)
}

// namespaces lists the names of all namespaces.
func (c *Connection) namespaces(ctx context.Context) ([]string, error) {
	list, err := c.Core.Namespaces().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	names := make([]string, len(list.Items))
	for i := range list.Items {
		names[i] = list.Items[i].Name
	}
	return names, nil
}
