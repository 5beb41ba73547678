package cli

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/cli/gates"
)

func TestVersionIsThatOfTheBuild(t *testing.T) {
	if diff := cmp.Diff(result{Out: "tkn-corbel v1.2.3\n"}, newWorld(t, "bob", nil).run("version")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestHelpSpeaksOfThePlugin(t *testing.T) {
	got := newWorld(t, "bob", nil).run("approve", "--help")
	if got.Code != 0 || !strings.Contains(got.Out, "tkn corbel approve NAME [flags]") {
		t.Errorf("got %+v", got)
	}
}

func TestAnUnknownCommandIsAnErrorInOneLine(t *testing.T) {
	want := result{Code: 1, Err: "Error: unknown command \"aprove\" for \"tkn corbel\" Did you mean this? approve\n"}
	if diff := cmp.Diff(want, newWorld(t, "bob", nil).run("aprove", "x")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCompletionScriptsExistForEveryShell(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if got := newWorld(t, "bob", nil).run("completion", shell); got.Code != 0 || !strings.Contains(got.Out, "tkn-corbel") {
			t.Errorf("%s: code %d, %d bytes", shell, got.Code, len(got.Out))
		}
	}
}

func TestNamesAreCompletedWithWhatFits(t *testing.T) {
	w := newWorld(t, "bob", nil,
		request("sign-off"), request("hold", pause), request("done", oneRule, decided("alice", "release", v1alpha1.DecisionApprove)))
	if _, err := w.kube.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "staging"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		args []string
		want string
	}{
		"approve":                {[]string{"approve", ""}, "sign-off\tApproval/production, Pending, release-42\n:4\n"},
		"resume":                 {[]string{"resume", ""}, "hold\tPause/soak, Pending, release-42\n:4\n"},
		"only one name":          {[]string{"reject", "sign-off", ""}, ":4\n"},
		"of another namespace":   {[]string{"approve", "-n", "other", ""}, ":4\n"},
		"a namespace":            {[]string{"approve", "-n", ""}, "staging\n:4\n"},
		"a format":               {[]string{"describe", "x", "-o", ""}, "json\nyaml\nname\n:4\n"},
		"describe, also the end": {[]string{"describe", "d"}, "done\tApproval/production, Approved, release-42\nhold\tPause/soak, Pending, release-42\nsign-off\tApproval/production, Pending, release-42\n:4\n"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := w.run(append([]string{"__complete"}, c.args...)...)
			if diff := cmp.Diff(c.want, got.Out); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheConnectionFollowsKubeconfigAndFlags(t *testing.T) {
	var seen http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header.Clone()
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview","status":{"userInfo":{"username":"ana"}}}`))
	}))
	defer server.Close()
	path := filepath.Join(t.TempDir(), "config")
	config := strings.ReplaceAll(`{apiVersion: v1, kind: Config, current-context: one,
clusters: [{name: c, cluster: {server: SERVER}}], users: [{name: u, user: {token: t}}],
contexts: [{name: one, context: {cluster: c, user: u, namespace: first}}, {name: two, context: {cluster: c, user: u}}]}`, "SERVER", server.URL)
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		target Target
		want   string
	}{
		"the namespace of the context": {Target{}, "first"},
		"default where it has none":    {Target{Context: "two"}, "default"},
		"the flag before the context":  {Target{Namespace: "mine"}, "mine"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.target.Kubeconfig = path
			conn, err := Dial(c.target)
			if err != nil {
				t.Fatal(err)
			}
			if conn.Namespace != c.want {
				t.Errorf("got namespace %s, want %s", conn.Namespace, c.want)
			}
		})
	}
	conn, err := Dial(Target{Kubeconfig: path, As: "ana", AsGroups: []string{"release", "Domain Admins"}})
	if err != nil {
		t.Fatal(err)
	}
	who, err := gates.WhoAmI(t.Context(), conn.Authentication.SelfSubjectReviews())
	if err != nil || who.Username != "ana" {
		t.Fatalf("got %+v, %v", who, err)
	}
	got := append(seen["Impersonate-User"], seen["Impersonate-Group"]...)
	if diff := cmp.Diff([]string{"ana", "release", "Domain Admins"}, got); diff != "" {
		t.Errorf("impersonation (-want +got):\n%s", diff)
	}
}
