package controlplane

import (
	"fmt"
	"net"
	"net/netip"
	"path/filepath"

	"github.com/corbel-dev/corbel/hack/local/kubeconfig"
	"github.com/corbel-dev/corbel/hack/local/pki"
	"github.com/corbel-dev/corbel/hack/local/state"
)

// ServiceCIDR is the range of Service addresses; the first is the API server's own.
const ServiceCIDR = "10.96.0.0/16"

const serviceIP = "10.96.0.1"

// Settings is what the servers of one cluster are made from.
type Settings struct {
	Name    string
	Address netip.Addr
	PodCIDR string
	Dir     string // the cluster's folder
	Audit   bool
}

// AuditLog is where the API server writes its audit log.
func (s Settings) AuditLog() string { return filepath.Join(s.Dir, "audit.log") }

// Server is the API server's address, the same from everywhere.
func (s Settings) Server() string {
	return "https://" + net.JoinHostPort(s.Address.String(), "6443")
}

func (s Settings) auditPolicy() string { return filepath.Join(s.Dir, "audit-policy.yaml") }
func (s Settings) pki() string         { return filepath.Join(s.Dir, "pki") }

// Kubeconfig is the file of one of the cluster's users.
func (s Settings) Kubeconfig(user string) string {
	return filepath.Join(s.Dir, "kubeconfig", user+".yaml")
}

// Admin is the cluster's administrator.
const Admin = "kubernetes-admin"

// policy keeps who did what to which object, not the objects themselves, in two of
// the stages: what came in, and what was answered.
const policy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [ResponseStarted, Panic]
rules:
- level: Metadata
`

// Prepare makes keys, certificates and kubeconfigs; those that exist stay.
func (s Settings) Prepare() error {
	ca, err := pki.Open(s.pki())
	if err != nil {
		return err
	}
	if _, err := ca.SigningKey(); err != nil {
		return err
	}
	server := pki.Subject{
		User: "kube-apiserver",
		Names: []string{
			"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
			"kubernetes.default.svc.cluster.local", s.Name,
		},
		Addresses: []net.IP{net.IP(s.Address.AsSlice()), net.ParseIP("127.0.0.1"), net.ParseIP(serviceIP)},
	}
	if _, err := ca.Issue("apiserver", server); err != nil {
		return err
	}
	node := pki.Subject{User: "kubelet", Names: []string{s.Name}, Addresses: []net.IP{net.IP(s.Address.AsSlice())}}
	if _, err := ca.Issue("kubelet-server", node); err != nil {
		return err
	}
	for _, u := range systemUsers(s.Name) {
		if _, err := s.User(u.User, u.Groups...); err != nil {
			return err
		}
	}
	return state.WriteFile(s.auditPolicy(), []byte(policy), 0o644)
}

func systemUsers(node string) []pki.Subject {
	return []pki.Subject{
		{User: Admin, Groups: []string{"system:masters"}},
		{User: kubeletClient, Groups: []string{"system:masters"}},
		{User: "system:kube-controller-manager"},
		{User: "system:kube-scheduler"},
		{User: "system:kube-proxy"},
		{User: "system:node:" + node, Groups: []string{"system:nodes"}},
	}
}

// kubeletClient is whom the API server is when it asks a kubelet for logs.
const kubeletClient = "kube-apiserver-kubelet-client"

// User makes a certificate and a kubeconfig for a user, or finds them. The groups are
// part of what is found: the same user in other groups is another file.
func (s Settings) User(user string, groups ...string) (string, error) {
	ca, err := pki.Open(s.pki())
	if err != nil {
		return "", err
	}
	file := fileName(user, groups)
	client, err := ca.Issue(file, pki.Subject{User: user, Groups: groups})
	if err != nil {
		return "", err
	}
	path := s.Kubeconfig(file)
	return path, kubeconfig.Write(path, kubeconfig.Context{
		Cluster: s.Name, Server: s.Server(), User: user, CA: ca.CertPath(), Client: client,
	})
}

func (s Settings) file(name string) string { return filepath.Join(s.pki(), name) }

// userFile is the kubeconfig of one of systemUsers.
func (s Settings) userFile(user string) string {
	for _, u := range systemUsers(s.Name) {
		if u.User == user {
			return s.Kubeconfig(fileName(u.User, u.Groups))
		}
	}
	return s.Kubeconfig(user)
}

// AdminKubeconfig is the administrator's file.
func (s Settings) AdminKubeconfig() string { return s.userFile(Admin) }

// NodeKubeconfig is the kubelet's file.
func (s Settings) NodeKubeconfig() string { return s.userFile("system:node:" + s.Name) }

// ProxyKubeconfig is kube-proxy's file.
func (s Settings) ProxyKubeconfig() string { return s.userFile("system:kube-proxy") }

// KubeletServing is the kubelet's serving certificate.
func (s Settings) KubeletServing() pki.Pair {
	return pki.Pair{Cert: s.file("kubelet-server.crt"), Key: s.file("kubelet-server.key")}
}

// CA is the path of the authority's certificate.
func (s Settings) CA() string { return s.file("ca.crt") }

func fileName(user string, groups []string) string {
	return fmt.Sprintf("user-%s", digest(user, groups))
}
