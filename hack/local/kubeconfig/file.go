package kubeconfig

import (
	"fmt"
	"os"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/corbel-dev/corbel/hack/local/pki"
	"github.com/corbel-dev/corbel/hack/local/state"
)

// Context is whom a file is for and where it leads.
type Context struct {
	Cluster string
	Server  string
	User    string
	CA      string // path of the authority's certificate
	Client  pki.Pair
}

// Write makes the file, readable by its owner only.
func Write(path string, c Context) error {
	var data [3][]byte
	for i, f := range []string{c.CA, c.Client.Cert, c.Client.Key} {
		var err error
		if data[i], err = os.ReadFile(f); err != nil { //nolint:gosec // a path of ours
			return fmt.Errorf("kubeconfig of %s: %w", c.User, err)
		}
	}
	name := c.User + "@" + c.Cluster
	cfg := clientcmdapi.NewConfig()
	cfg.Clusters[c.Cluster] = &clientcmdapi.Cluster{Server: c.Server, CertificateAuthorityData: data[0]}
	cfg.AuthInfos[c.User] = &clientcmdapi.AuthInfo{ClientCertificateData: data[1], ClientKeyData: data[2]}
	cfg.Contexts[name] = &clientcmdapi.Context{Cluster: c.Cluster, AuthInfo: c.User}
	cfg.CurrentContext = name
	content, err := clientcmd.Write(*cfg)
	if err != nil {
		return fmt.Errorf("kubeconfig of %s: %w", c.User, err)
	}
	return state.WriteFile(path, content, 0o600)
}
