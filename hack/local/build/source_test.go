package build

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestEveryToolIsPinnedByAGoMod(t *testing.T) {
	checkout, err := Checkout()
	if err != nil {
		t.Fatal(err)
	}
	for name, importPath := range tools {
		s, err := sourceOf(importPath)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := s.file(); got != name {
			t.Errorf("%s is kept as %q", name, got)
		}
		if _, err := os.Stat(filepath.Join(checkout, s.module, "go.mod")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUnknownProgramsAreRefused(t *testing.T) {
	if _, err := sourceOf("example.com/cmd/x"); err == nil {
		t.Error("a program that nothing pins was taken")
	}
	if _, err := Tool(t.Context(), "nosuch"); err == nil {
		t.Error("a tool that is not there was found")
	}
}

func TestKubernetesCarriesItsVersion(t *testing.T) {
	s, err := sourceOf(tools["kube-apiserver"])
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join("..", "..", "..", s.module, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), "k8s.io/kubernetes "+kubernetesVersion) {
		t.Errorf("%s/go.mod does not require k8s.io/kubernetes %s, the version that is stamped", s.module, kubernetesVersion)
	}
}

func TestKeyChangesWithWhatABinaryIsMadeFrom(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module x\n")
	write("go.sum", "a\n")
	base := source{module: ".", pkg: "x/cmd/y", ldflags: "-s"}
	key := func(s source) string {
		t.Helper()
		k, err := s.key(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	first := key(base)
	if again := key(base); again != first {
		t.Errorf("the same source has keys %s and %s", first, again)
	}
	flags := base
	flags.ldflags = "-w"
	if key(flags) == first {
		t.Error("other flags have the same key")
	}
	program := base
	program.pkg = "x/cmd/z"
	if key(program) == first {
		t.Error("another program has the same key")
	}
	write("go.sum", "b\n")
	if key(base) == first {
		t.Error("another go.sum has the same key")
	}
}
