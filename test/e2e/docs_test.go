package e2e

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/corbel-dev/corbel/hack/demo/story"
	"github.com/corbel-dev/corbel/hack/local/build"
	"github.com/corbel-dev/corbel/hack/local/manifest"
	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

// block is a fenced block of a page.
type block struct {
	page, language, text string
}

var (
	fence = regexp.MustCompile("(?ms)^ *```([a-z]+)\n(.*?)^ *```$")
	link  = regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
)

// TestDocsYAML hands every YAML block of the docs to the API server, which stores
// nothing of it.
func TestDocsYAML(t *testing.T) {
	s := inExamples(t)
	for _, b := range blocks(t) {
		if b.language != "yaml" {
			continue
		}
		objects, err := manifest.Parse([]byte(b.text))
		if err != nil || len(objects) == 0 {
			t.Errorf("%s: a YAML block does not parse (%v):\n%s", b.page, err, b.text)
			continue
		}
		for _, o := range objects {
			if o.GetKind() == "ApprovalDecision" {
				checkDecision(t, b.page, o)
				continue
			}
			dryRun(t, s, b.page, o)
		}
	}
}

// dryRun lets the API server judge an object as it would if it were applied.
func dryRun(t *testing.T, s *story.Stage, page string, o manifest.Object) {
	t.Helper()
	text, err := o.MarshalJSON()
	must(t, err)
	args := []string{"apply", "--server-side", "--force-conflicts", "--dry-run=server", "-n", examples, "-f", "-"}
	if o.GetGenerateName() != "" {
		args = []string{"create", "--dry-run=server", "-n", examples, "-f", "-"}
	}
	if out, err := s.Admin.RunInput(t.Context(), string(text)+"\n", "kubectl", args...); err != nil {
		t.Errorf("%s: %s %s%s: %s", page, o.GetKind(), o.GetName(), o.GetGenerateName(), out)
	}
}

// checkDecision looks at the fields alone: the request that the docs name is not there.
// What a decision of the docs does is in TestExamples.
func checkDecision(t *testing.T, page string, o manifest.Object) {
	t.Helper()
	text, err := o.MarshalJSON()
	must(t, err)
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(new(v1alpha1.ApprovalDecision)); err != nil {
		t.Errorf("%s: an ApprovalDecision: %v", page, err)
	}
}

// TestDocsShell lets the shell read every block of commands.
func TestDocsShell(t *testing.T) {
	for _, b := range blocks(t) {
		if b.language != "sh" && b.language != "bash" {
			continue
		}
		cmd := exec.CommandContext(t.Context(), "bash", "-n")
		cmd.Stdin = strings.NewReader(b.text)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %s\n%s", b.page, out, b.text)
		}
	}
}

// TestDocsLinks follows every link of the docs that leads to a file.
func TestDocsLinks(t *testing.T) {
	checkout, err := build.Checkout()
	must(t, err)
	for _, page := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(read(t, page), -1) {
			target := filepath.Join(checkout, filepath.Dir(page), m[1])
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s, which is not there", page, m[1])
			}
		}
	}
}

// TestDocsAreWhole wants every field, parameter, result and reason that a user can meet
// in the page of its kind.
func TestDocsAreWhole(t *testing.T) {
	ofTekton := []string{"Started", "CustomRunCancelled", "CustomRunTimedOut", "CustomRunWorkspaceNotSupported"}
	shared := slices.Concat(ofTekton, constants(t, "pkg/customrun", "Reason"))
	const types = "pkg/apis/corbel/v1alpha1"
	words := map[string][]string{
		"docs/approval.md": slices.Concat(shared, fields(t, "approval"),
			constants(t, "pkg/approval", "Reason", "Result", "Param", "Decision"), constants(t, types, "Reason", "Phase", "Outcome")),
		"docs/pause.md": slices.Concat(shared, fields(t, "pause"),
			constants(t, "pkg/pause", "Reason", "Result", "Param", "Outcome")),
	}
	for page, list := range words {
		text := read(t, page)
		for _, word := range list {
			if !strings.Contains(text, "`"+word) && !strings.Contains(text, word+"`") {
				t.Errorf("%s does not speak of `%s`", page, word)
			}
		}
	}
}

// constants are the texts of a package's constants whose names begin with one of the
// words.
func constants(t *testing.T, folder string, begin ...string) []string {
	t.Helper()
	checkout, err := build.Checkout()
	must(t, err)
	files, err := filepath.Glob(filepath.Join(checkout, folder, "*.go"))
	must(t, err)
	pattern := regexp.MustCompile(`(?m)^\t(?:` + strings.Join(begin, "|") + `)[A-Z]\w*(?: \w+)? += "([^"]+)"`)
	var values []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		for _, m := range pattern.FindAllStringSubmatch(string(text), -1) {
			values = append(values, m[1])
		}
	}
	if len(values) == 0 {
		t.Errorf("%s has no constants that begin with %q", folder, begin)
	}
	return values
}

// fields are those of the spec of a kind, by its CRD.
func fields(t *testing.T, kind string) []string {
	t.Helper()
	text := read(t, "config/300-crd-"+kind+"s.yaml")
	objects, err := manifest.Parse([]byte(text))
	must(t, err)
	var names []string
	for _, o := range objects {
		versions, _, err := unstructured.NestedSlice(o.Object, "spec", "versions")
		must(t, err)
		for _, v := range versions {
			version, _ := v.(map[string]any)
			properties, _, err := unstructured.NestedMap(version, "schema", "openAPIV3Schema", "properties", "spec", "properties")
			must(t, err)
			names = slices.AppendSeq(names, maps.Keys(properties))
		}
	}
	if len(names) == 0 {
		t.Errorf("%s has no fields", kind)
	}
	return names
}

func blocks(t *testing.T) []block {
	t.Helper()
	var all []block
	for _, page := range pages(t) {
		for _, m := range fence.FindAllStringSubmatch(read(t, page), -1) {
			all = append(all, block{page: page, language: m[1], text: m[2]})
		}
	}
	if len(all) == 0 {
		t.Fatal("the docs have no blocks")
	}
	return all
}

// pages of the docs, from the top of the checkout.
func pages(t *testing.T) []string {
	t.Helper()
	checkout, err := build.Checkout()
	must(t, err)
	found, err := filepath.Glob(filepath.Join(checkout, "*.md"))
	must(t, err)
	for _, folder := range []string{"docs", "config"} {
		must(t, filepath.WalkDir(filepath.Join(checkout, folder), func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && filepath.Ext(path) == ".md" {
				found = append(found, path)
			}
			return err
		}))
	}
	for i := range found {
		found[i], err = filepath.Rel(checkout, found[i])
		must(t, err)
	}
	return found
}

func read(t *testing.T, file string) string {
	t.Helper()
	checkout, err := build.Checkout()
	must(t, err)
	text, err := os.ReadFile(filepath.Join(checkout, file))
	must(t, err)
	return string(text)
}
