package node

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/corbel-dev/corbel/hack/local/pki"
)

func settings(t *testing.T) Settings {
	t.Helper()
	return Settings{
		Name: "edge", Address: "10.99.0.11", Dir: t.TempDir(), PodCIDR: "10.244.11.0/24",
		CgroupRoot: "/corbel-local-edge", PauseImage: "10.99.0.1:5000/pause:1",
		Registries: []string{"localhost:5000"}, RegistryServer: "http://10.99.0.1:5000",
		CA: "/pki/ca.crt", Serving: pki.Pair{Cert: "/pki/k.crt", Key: "/pki/k.key"},
		Kubeconfig: "/k/node.yaml", ProxyKubeconfig: "/k/proxy.yaml",
	}
}

func TestConfigurationIsWellFormed(t *testing.T) {
	s := settings(t)
	if err := s.Write(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"kubelet.yaml", "kube-proxy.yaml"} {
		var v map[string]any
		if err := yaml.UnmarshalStrict(content(t, s.Path(name)), &v); err != nil || v["kind"] == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	var v map[string]any
	if err := json.Unmarshal(content(t, s.Path("cni", "10-bridge.conflist")), &v); err != nil {
		t.Errorf("CNI: %v", err)
	}
	if hosts := string(content(t, s.Path("certs.d", "localhost:5000", "hosts.toml"))); !strings.Contains(hosts, s.RegistryServer) {
		t.Errorf("the registry is not found by its other name:\n%s", hosts)
	}
}

func TestNodeKeepsEverythingInItsFolder(t *testing.T) {
	s := settings(t)
	if err := s.Write(); err != nil {
		t.Fatal(err)
	}
	var kubelet struct{ PodLogsDir, CgroupRoot, ContainerRuntimeEndpoint string }
	if err := yaml.Unmarshal(content(t, s.Path("kubelet.yaml")), &kubelet); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(kubelet.PodLogsDir, s.Dir) {
		t.Errorf("logs of pods are in %s, where another kubelet would delete them", kubelet.PodLogsDir)
	}
	if kubelet.CgroupRoot != s.CgroupRoot || kubelet.ContainerRuntimeEndpoint != "unix://"+s.Socket() {
		t.Errorf("kubelet: %+v", kubelet)
	}
}

func content(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestMountsAreRemovedInnermostFirst(t *testing.T) {
	const mountinfo = `22 1 254:0 / / rw - ext4 /dev/vda rw
40 22 0:40 / /s/edge/run rw - tmpfs tmpfs rw
41 40 0:41 / /s/edge/run/rootfs rw - overlay overlay rw
42 22 0:42 / /s/edge-2/run rw - tmpfs tmpfs rw
43 22 0:43 / /s/edge/with\040blank rw - tmpfs tmpfs rw
`
	want := []string{"/s/edge/run/rootfs", "/s/edge/with blank", "/s/edge/run"}
	if diff := cmp.Diff(want, mountsUnder(mountinfo, "/s/edge")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
