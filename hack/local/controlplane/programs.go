package controlplane

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"strings"
)

// Names of the servers, as their processes are called.
const (
	Etcd              = "etcd"
	APIServer         = "kube-apiserver"
	ControllerManager = "kube-controller-manager"
	Scheduler         = "kube-scheduler"
)

// EtcdAddress is inside the cluster, for its API server only.
const EtcdAddress = "127.0.0.1:2379"

// Args are the flags of one of the servers.
func (s Settings) Args(program string) []string {
	switch program {
	case Etcd:
		return s.etcd()
	case APIServer:
		return s.apiServer()
	case ControllerManager:
		return s.controllerManager()
	case Scheduler:
		return s.scheduler()
	}
	return nil
}

func (s Settings) etcd() []string {
	return []string{
		"--data-dir=" + filepath.Join(s.Dir, "etcd"),
		"--listen-client-urls=http://" + EtcdAddress,
		"--advertise-client-urls=http://" + EtcdAddress,
		"--listen-peer-urls=http://127.0.0.1:2380",
		"--unsafe-no-fsync",
		"--log-level=warn",
	}
}

func (s Settings) apiServer() []string {
	client := fileName(kubeletClient, []string{"system:masters"})
	args := []string{
		"--etcd-servers=http://" + EtcdAddress,
		"--bind-address=0.0.0.0",
		"--advertise-address=" + s.Address.String(),
		"--tls-cert-file=" + s.file("apiserver.crt"),
		"--tls-private-key-file=" + s.file("apiserver.key"),
		"--client-ca-file=" + s.CA(),
		"--kubelet-client-certificate=" + s.file(client+".crt"),
		"--kubelet-client-key=" + s.file(client+".key"),
		// A node's name resolves nowhere here.
		"--kubelet-preferred-address-types=InternalIP",
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + s.file("sa.pub"),
		"--service-account-signing-key-file=" + s.file("sa.key"),
		"--service-cluster-ip-range=" + ServiceCIDR,
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--allow-privileged=true",
		// Webhooks are called at their endpoints: no proxy and no DNS is needed.
		"--enable-aggregator-routing=true",
	}
	if s.Audit {
		args = append(args,
			"--audit-policy-file="+s.auditPolicy(),
			"--audit-log-path="+s.AuditLog(),
			// Batches would let a test read the log before its own request is in it.
			"--audit-log-mode=blocking",
		)
	}
	return args
}

func (s Settings) controllerManager() []string {
	file := s.userFile("system:kube-controller-manager")
	return []string{
		"--kubeconfig=" + file,
		"--authentication-kubeconfig=" + file,
		"--authorization-kubeconfig=" + file,
		"--service-account-private-key-file=" + s.file("sa.key"),
		"--root-ca-file=" + s.CA(),
		"--cluster-signing-cert-file=" + s.CA(),
		"--cluster-signing-key-file=" + s.file("ca.key"),
		"--use-service-account-credentials=true",
		"--cluster-name=" + s.Name,
		// Its default is a folder of the machine's, which it would make.
		"--flex-volume-plugin-dir=" + filepath.Join(s.Dir, "volume-plugins"),
		"--leader-elect=false",
	}
}

func (s Settings) scheduler() []string {
	file := s.userFile("system:kube-scheduler")
	return []string{
		"--kubeconfig=" + file,
		"--authentication-kubeconfig=" + file,
		"--authorization-kubeconfig=" + file,
		"--leader-elect=false",
	}
}

// digest is a file name for a user of any name in any groups.
func digest(user string, groups []string) string {
	sum := sha256.Sum256([]byte(user + "\x00" + strings.Join(groups, "\x00")))
	plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, user)
	return plain + "-" + hex.EncodeToString(sum[:4])
}
