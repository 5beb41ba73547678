package node

import (
	"bytes"
	"embed"
	"fmt"
	"net"
	"path/filepath"
	"text/template"

	"github.com/corbel-dev/corbel/hack/local/pki"
	"github.com/corbel-dev/corbel/hack/local/state"
)

// Names of the node's programs, as their processes are called.
const (
	Containerd = "containerd"
	Kubelet    = "kubelet"
	Proxy      = "kube-proxy"
	DNS        = "dnsd"
)

//go:embed templates
var templates embed.FS

// Settings is what a node is made from.
type Settings struct {
	Name            string
	Address         string
	Dir             string // the node's folder
	PodCIDR         string
	CgroupRoot      string
	PauseImage      string
	Registries      []string // what images are called by
	RegistryServer  string   // where they all are
	CA              string
	Serving         pki.Pair
	Kubeconfig      string
	ProxyKubeconfig string
}

// Socket is containerd's.
func (s Settings) Socket() string { return s.Path("run", "containerd.sock") }

// Path is a file or folder of the node's.
func (s Settings) Path(elem ...string) string {
	return filepath.Join(append([]string{s.Dir}, elem...)...)
}

// files are the configuration files by template.
func (s Settings) files() map[string]string {
	return map[string]string{
		"containerd.toml":  s.Path("containerd.toml"),
		"kubelet.yaml":     s.Path("kubelet.yaml"),
		"kube-proxy.yaml":  s.Path("kube-proxy.yaml"),
		"cni.conflist":     s.Path("cni", "10-bridge.conflist"),
		"masquerade.nft":   s.Masquerade(),
		"resolv.conf.tmpl": s.Path("resolv.conf"),
	}
}

// Masquerade is the file of rules that lets pods reach what is outside the cluster,
// where nothing knows a way back to them.
func (s Settings) Masquerade() string { return s.Path("masquerade.nft") }

// Write makes the configuration files.
func (s Settings) Write() error {
	for from, to := range s.files() {
		if err := s.render(from, to); err != nil {
			return err
		}
	}
	for _, registry := range s.Registries {
		if err := s.render("hosts.toml", s.Path("certs.d", registry, "hosts.toml")); err != nil {
			return err
		}
	}
	return nil
}

func (s Settings) render(from, to string) error {
	t, err := template.ParseFS(templates, "templates/"+from)
	if err != nil {
		return fmt.Errorf("template: %w", err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, s); err != nil {
		return fmt.Errorf("template: %w", err)
	}
	return state.WriteFile(to, out.Bytes(), 0o644)
}

// Args are the flags of one of the node's programs.
func (s Settings) Args(program string) []string {
	switch program {
	case Containerd:
		return []string{"--config=" + s.Path("containerd.toml")}
	case Kubelet:
		return []string{
			"--config=" + s.Path("kubelet.yaml"),
			"--kubeconfig=" + s.Kubeconfig,
			"--root-dir=" + s.Path("kubelet"),
			"--cert-dir=" + s.Path("kubelet-pki"),
			"--node-ip=" + s.Address,
			"--hostname-override=" + s.Name,
		}
	case Proxy:
		return []string{"--config=" + s.Path("kube-proxy.yaml")}
	case DNS:
		return []string{"-listen=" + net.JoinHostPort(s.Address, "53")}
	}
	return nil
}
