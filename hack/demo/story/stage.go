package story

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/corbel-dev/corbel/hack/local/build"
	"github.com/corbel-dev/corbel/hack/local/cluster"
)

// Namespace that the story plays in.
const Namespace = "shop"

const (
	plugin = "github.com/corbel-dev/corbel/cmd/tkn-corbel"
	// imageVariable names the image of the steps on a cluster of one's own.
	imageVariable = "CORBEL_DEMO_IMAGE"
	publicImage   = "docker.io/library/busybox:1.37"
)

// Stage is a cluster to play on, and the programs to play with.
type Stage struct {
	// Admin acts as the cluster's administrator.
	Admin Shell
	// Kubeconfig is the administrator's.
	Kubeconfig string
	// Image that steps of tasks run in.
	Image string
	// local is nil on a cluster of one's own.
	local *cluster.Cluster
}

// OwnCluster tells whether the environment names a cluster to play on, and a place
// to push images to.
func OwnCluster() bool {
	return os.Getenv("KUBECONFIG") != "" && os.Getenv("KO_DOCKER_REPO") != ""
}

// OnLocal makes a stage of a cluster that hack/local made.
func OnLocal(ctx context.Context, c *cluster.Cluster, out io.Writer) (*Stage, error) {
	env, err := cluster.KoEnv(ctx)
	if err != nil {
		return nil, err
	}
	s := &Stage{Kubeconfig: c.Kubeconfig(), Image: c.StepImage(), local: c}
	return s, s.furnish(ctx, out, append(env, "KUBECONFIG="+c.Kubeconfig()))
}

// OnOwn makes a stage of the cluster that the environment names.
func OnOwn(ctx context.Context, out io.Writer) (*Stage, error) {
	s := &Stage{Kubeconfig: os.Getenv("KUBECONFIG"), Image: publicImage}
	if image := os.Getenv(imageVariable); image != "" {
		s.Image = image
	}
	var env []string
	if os.Getenv("KO_CONFIG_PATH") == "" {
		env = append(env, "KO_CONFIG_PATH=ko.yaml")
	}
	return s, s.furnish(ctx, out, env)
}

// furnish finds or builds the programs.
func (s *Stage) furnish(ctx context.Context, out io.Writer, env []string) error {
	checkout, err := build.Checkout()
	if err != nil {
		return err
	}
	tools := map[string]string{}
	for _, name := range []string{"kubectl", "tkn", "ko"} {
		if tools[name], err = s.tool(ctx, name); err != nil {
			return err
		}
	}
	binary, err := build.Program(ctx, plugin)
	if err != nil {
		return fmt.Errorf("build the plugin: %w", err)
	}
	tools["tkn-corbel"] = binary
	s.Admin = Shell{tools: tools, dir: checkout, out: out}
	// ko looks for kubectl there, and tkn for its plugin.
	s.Admin.env = append(env, "PATH="+s.Path()+string(os.PathListSeparator)+os.Getenv("PATH"))
	return nil
}

// tool is a program of the user's own where there is one and the cluster is, too.
func (s *Stage) tool(ctx context.Context, name string) (string, error) {
	if s.local == nil {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return cluster.Tool(ctx, name)
}

// Showing is the same stage with another audience.
func (s *Stage) Showing(out io.Writer) *Stage {
	other := *s
	other.Admin.out = out
	return &other
}

// As is the shell of a person: with a client certificate of her own on a cluster of
// ours, by impersonation elsewhere.
func (s *Stage) As(user string, groups ...string) (Shell, error) {
	shell := s.Admin
	shell.Person = user
	if s.local == nil {
		shell.flags = []string{"--as", user}
		for _, g := range groups {
			shell.flags = append(shell.flags, "--as-group", g)
		}
		return shell, nil
	}
	path, err := s.local.UserKubeconfig(user, groups...)
	if err != nil {
		return shell, err
	}
	shell.env = append(slices.Clone(shell.env), "KUBECONFIG="+path)
	return shell, nil
}

// Path is where the programs are, for a PATH.
func (s *Stage) Path() string {
	var folders []string
	for _, name := range []string{"kubectl", "tkn", "tkn-corbel"} {
		folders = append(folders, filepath.Dir(s.Admin.tools[name]))
	}
	return strings.Join(folders, string(os.PathListSeparator))
}
