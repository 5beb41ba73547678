package arch

import (
	"strings"
	"testing"
)

func TestEachRuleFires(t *testing.T) {
	for name, c := range map[string]struct {
		rule    string
		samples []sample
	}{
		"a kind imports the generated clients": {"1:", []sample{
			importing("pkg/pause/kind.go", modulePath+"/pkg/client/clientset/versioned")}},
		"a kind imports another": {"2:", []sample{
			importing("pkg/pause/reconciler/controller.go", modulePath+"/pkg/approval")}},
		"a kind makes a requeue": {"3:", []sample{importing("pkg/pause/kind.go", controllerPath)}},
		"a kind dials":           {"4:", []sample{importing("pkg/remotebuild/kind.go", sshPath)}},
		"a kind reads host keys": {"4:", []sample{importing("pkg/remotebuild/kind.go", sshPath+"/knownhosts")}},
		"a policy opens files":   {"5:", []sample{importing("pkg/approval/policy.go", "os")}},
		"a policy takes a context": {"5:", []sample{
			importing("pkg/approval/policy.go", "context")}},
		"a placement asks the network": {"5:", []sample{
			importing("pkg/dispatch/placement/filter.go", "net/http")}},
		"a plan asks the API server": {"5:", []sample{
			importing("pkg/federation/plan.go", "k8s.io/client-go/kubernetes")}},
		"a plan asks a package that dials": {"5:", []sample{
			importing("pkg/federation/plan.go", modulePath+"/pkg/cluster"),
			importing("pkg/cluster/dial.go", "net")}},
		"a pool knows the kernel": {"5:", []sample{
			importing("pkg/remotebuild/hostpool/choose.go", modulePath+"/pkg/customrun")}},
		"a reconciler asks for the time": {"6:", []sample{
			body("pkg/pause/reconciler/queue.go", `import "time"`, "_ = time.Now")}},
		"a reconciler sleeps under another name": {"6:", []sample{
			body("pkg/pause/reconciler/queue.go", `import clock "time"`, "clock.Sleep(1)")}},
		"fault imports a library": {"L0:", []sample{importing("pkg/fault/fault.go", "k8s.io/api/core/v1")}},
		"apis import behaviour":   {"L1:", []sample{importing("pkg/apis/corbel/v1alpha1/a.go", modulePath+"/pkg/gate")}},
		"the kernel knows a kind": {"L4:", []sample{importing("pkg/customrun/kernel.go", modulePath+"/pkg/pause")}},
		"a program uses a fake":   {"helpers:", []sample{importing("cmd/agent/main.go", modulePath+"/pkg/cluster/clustertest")}},
		"host keys are ignored": {"host keys:", []sample{
			body("pkg/remotebuild/sshconn/dial.go", `import "`+sshPath+`"`, "_ = ssh.InsecureIgnoreHostKey()")}},
		"a test is skipped": {"tests:", []sample{
			body("pkg/pause/kind_test.go", `import "testing"`, "var t *testing.T\nt.Skip()")}},
		"a test is hidden by a tag": {"tests:", []sample{
			{file: "test/e2e/story_test.go", src: "//go:build e2e\n\npackage e2e\n"}}},
		"a file is long":      {"size: a file", []sample{{"pkg/pause/kind.go", "package p\n" + lines(400)}}},
		"a test file is long": {"size: a file", []sample{{"pkg/pause/kind_test.go", "package p\n" + lines(600)}}},
		"a main is long": {"size: a main", []sample{
			{file: "cmd/agent/main.go", src: "package main\n\nfunc main() {}\n" + lines(120)}}},
		"a function is long":       {"size: a function has", []sample{body("pkg/pause/kind.go", "", lines(60))}},
		"a test function is long":  {"size: a function has", []sample{body("pkg/pause/kind_test.go", "", lines(120))}},
		"a function has many ifs":  {"size: a function's", []sample{body("pkg/pause/kind.go", "", many("if a && b { }", 6))}},
		"a function has many arms": {"size: a function's", []sample{body("pkg/pause/kind.go", "", "select {\n"+many("case <-c:", 12)+"}")}},
		"a function takes much": {"size: a function takes", []sample{
			{file: "pkg/pause/kind.go", src: "package p\n\nfunc f(a, b, c, d, e, f int) {}\n"}}},
		"a function returns much": {"size: a function takes", []sample{
			{file: "pkg/pause/kind.go", src: "package p\n\nfunc f() (a, b, c int) { return }\n"}}},
		"an interface is wide": {"size: an interface", []sample{
			{file: "pkg/pause/kind.go", src: "package p\n\ntype i interface { a(); b(); c(); d(); e(); error }\n"}}},
		"a package is big":       {"size: a package", folder("pkg/pause", 13)},
		"a file of everything":   {"names:", []sample{body("pkg/pause/time_utils.go", "", "")}},
		"a folder of everything": {"names:", []sample{body("pkg/common/time.go", "", "")}},
		"types.go outside apis":  {"names:", []sample{body("pkg/pause/types.go", "", "")}},
		"something is left to do": {"comments: nothing", []sample{
			{file: "pkg/pause/kind.go", src: "package p\n\n// TO" + "DO: more\n"}}},
	} {
		t.Run(name, func(t *testing.T) {
			broken := brokenBy(t, c.samples...)
			if len(broken) != 1 || !strings.HasPrefix(broken[0], c.rule) {
				t.Errorf("want one violation of rule %q, got %q", c.rule, broken)
			}
		})
	}
}

func TestGoodCodeBreaksNoRule(t *testing.T) {
	for name, samples := range map[string][]sample{
		"a reconciler uses clients and requeues": {
			importing("pkg/pause/reconciler/a.go", modulePath+"/pkg/client/clientset/versioned"),
			body("pkg/pause/reconciler/b.go", `import "`+controllerPath+`"`, "_ = controller.NewSkipKey")},
		"a feature imports the kernel, the gate and itself": {
			importing("pkg/pause/kind.go", modulePath+"/pkg/customrun"),
			importing("pkg/pause/hold/hold.go", modulePath+"/pkg/gate"),
			importing("pkg/pause/reconciler/a.go", modulePath+"/pkg/pause")},
		"sshconn dials":      {importing("pkg/remotebuild/sshconn/dial.go", sshPath)},
		"a test server does": {importing("pkg/remotebuild/runner/runner_test.go", sshPath)},
		"a policy computes": {
			importing("pkg/approval/policy.go", "slices"),
			importing("pkg/approval/plan.go", "net/netip"),
			importing("pkg/approval/match.go", "k8s.io/apimachinery/pkg/labels"),
			importing("pkg/approval/ledger.go", modulePath+"/pkg/apis/corbel/v1alpha1")},
		"a plan asks a package that computes": {
			importing("pkg/federation/plan.go", modulePath+"/pkg/cron"),
			importing("pkg/cron/cron.go", "time"),
			importing("pkg/cron/cron_test.go", "os")},
		"a policy returns the kernel's decision": {
			importing("pkg/approval/policy.go", modulePath+"/pkg/customrun")},
		"clocks": {
			body("pkg/pause/clock.go", `import "time"`, "_ = time.Now"),
			body("hack/local/up.go", `import "time"`, "_ = time.Now"),
			body("pkg/pause/kind_test.go", `import "time"`, "time.Sleep(time.Second)")},
		"durations need no clock": {body("pkg/pause/kind.go", `import "time"`, "_ = time.Second")},
		"helpers among tests": {
			importing("pkg/pause/kind_test.go", modulePath+"/pkg/customrun/customruntest"),
			importing("pkg/cluster/clustertest/c.go", modulePath+"/pkg/customrun/customruntest"),
			importing("test/e2e/e.go", modulePath+"/pkg/customrun/customruntest")},
		"a platform's file": {{file: "pkg/pause/a_test.go", src: "//go:build linux && !arm64\n\npackage p\n"}},
		"at the limits": {
			body("pkg/pause/a.go", "", many("if a { }", 11)),
			body("pkg/pause/b.go", "", "switch {\n"+many("case a:", 11)+"default:\n}"),
			body("pkg/pause/c.go", "", lines(57)),
			{"pkg/pause/long.go", "package p\n" + lines(399)},
			{file: "pkg/pause/d.go", src: "package p\n\nfunc f(a, b, c, d, e int) (f, g int, err error) { return }\n"},
			{file: "pkg/pause/e.go", src: "package p\n\ntype i interface { a(); b(); c(); d(); e() }\n"},
			{file: "pkg/pause/f.go", src: "package p\n\ntype n interface { ~int | ~string }\n"}},
		"a big package of types": folder("pkg/apis/corbel/v1alpha1", 20),
	} {
		t.Run(name, func(t *testing.T) {
			if broken := brokenBy(t, samples...); len(broken) != 0 {
				t.Errorf("want no violation, got %q", broken)
			}
		})
	}
}

func TestPackageComments(t *testing.T) {
	for name, c := range map[string]struct {
		samples []sample
		broken  int
	}{
		"none":             {[]sample{{"pkg/pause/kind.go", "package pause\n"}}, 1},
		"of something new": {[]sample{{"pkg/pause/kind.go", "// Pauses.\npackage pause\n"}}, 1},
		"two": {[]sample{
			{"pkg/pause/doc.go", "// Package pause pauses.\npackage pause\n"},
			{"pkg/pause/kind.go", "// Package pause pauses.\npackage pause\n"}}, 1},
		"one, for the external tests too": {[]sample{
			{"pkg/pause/doc.go", "// Package pause pauses.\npackage pause\n"},
			{"pkg/pause/kind_test.go", "package pause_test\n"}}, 0},
		"of a program": {[]sample{{"cmd/agent/main.go", "// Runs in every member cluster.\npackage main\n"}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			rule := Rule{Name: name, check: packageComment}
			if broken := rule.Check(plant(t, c.samples...)); len(broken) != c.broken {
				t.Errorf("want %d violations, got %q", c.broken, broken)
			}
		})
	}
}

func TestAViolationSaysWhereAndHowToMendIt(t *testing.T) {
	tree := plant(t, importing("pkg/approval/policy.go", "os"))
	got := strings.Join(pureRules()[0].Check(tree), "\n")
	for _, want := range []string{
		"pkg/approval/policy.go:3: pkg/approval/policy.go imports os\n",
		"\n\trule: 5: ",
		"\n\tmend: take the facts as values",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("want %q in %q", want, got)
		}
	}
}
