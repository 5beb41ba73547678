package controlplane_test

import (
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/corbel-dev/corbel/hack/local/controlplane"
)

func settings(t *testing.T) controlplane.Settings {
	t.Helper()
	return controlplane.Settings{Name: "edge", Address: netip.MustParseAddr("10.99.0.11"), Dir: t.TempDir()}
}

// madeLater are paths that the servers make themselves.
var madeLater = map[string]bool{"--audit-log-path": true, "--flex-volume-plugin-dir": true}

func TestFilesThatFlagsNameAreThere(t *testing.T) {
	s := settings(t)
	s.Audit = true
	if err := s.Prepare(); err != nil {
		t.Fatal(err)
	}
	servers := []string{controlplane.APIServer, controlplane.ControllerManager, controlplane.Scheduler}
	for _, server := range servers {
		for _, flag := range s.Args(server) {
			name, value, _ := strings.Cut(flag, "=")
			if !strings.HasPrefix(value, s.Dir) || madeLater[name] {
				continue
			}
			if _, err := os.Stat(value); err != nil {
				t.Errorf("%s %s: %v", server, name, err)
			}
		}
	}
}

func TestAuditLogIsWrittenWhenAsked(t *testing.T) {
	quiet := settings(t)
	loud := quiet
	loud.Audit = true
	flag := "--audit-log-path=" + quiet.AuditLog()
	if slices.Contains(quiet.Args(controlplane.APIServer), flag) {
		t.Error("it is logged without being asked")
	}
	if !slices.Contains(loud.Args(controlplane.APIServer), flag) {
		t.Error("it is not logged")
	}
}

func TestUserFileLeadsToTheServer(t *testing.T) {
	s := settings(t)
	path, err := s.User("system:serviceaccount:ns:name", "system:serviceaccounts")
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Host != s.Server() {
		t.Errorf("leads to %s, want %s", cfg.Host, s.Server())
	}
	other, err := s.User("system:serviceaccount:ns:name")
	if err != nil {
		t.Fatal(err)
	}
	if other == path {
		t.Error("the same user in other groups has the same file")
	}
}
