package image

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/corbel-dev/corbel/hack/local/debian"
	"github.com/corbel-dev/corbel/hack/local/netns"
	"github.com/corbel-dev/corbel/hack/local/state"
)

const certificates = "etc/ssl/certs/ca-certificates.crt"

const users = `root:x:0:0:root:/root:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/bin/false
nonroot:x:65532:65532:nonroot:/home/nonroot:/bin/sh
`

const group = `root:x:0:
nobody:x:65534:
nonroot:x:65532:
`

// baseFiles are what a static program expects to find.
func baseFiles() ([]file, error) {
	certs, err := os.ReadFile("/" + certificates)
	if err != nil {
		return nil, fmt.Errorf("authorities that the system trusts: %w", err)
	}
	return []file{
		{path: "etc/passwd", mode: 0o644, content: []byte(users)},
		{path: "etc/group", mode: 0o644, content: []byte(group)},
		{path: "etc/nsswitch.conf", mode: 0o644, content: []byte("hosts: files dns\n")},
		{path: certificates, mode: 0o644, content: certs},
		{path: "root/", mode: 0o700, dir: true},
		{path: "home/nonroot/", mode: 0o777, dir: true},
		{path: "tmp/", mode: 0o1777, dir: true},
		{path: "var/run/", mode: 0o755, dir: true},
	}, nil
}

func baseConfig() v1.Config {
	return v1.Config{
		User: nonroot + ":" + nonroot,
		Env: []string{
			"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/ko-app",
			"SSL_CERT_FILE=/" + certificates,
		},
	}
}

// Base is what ko puts programs on. It has a tag, which is how ko is told of it.
func (r Registry) Base(ctx context.Context) (string, error) {
	_, err := r.ensure(ctx, plan{repository: "base", tag: "1", config: baseConfig(), files: baseFiles})
	return r.Local + "/base:1", err
}

// stepImage is the image of shell steps.
const stepImage = "busybox:1"

// StepName is how Busybox is called where no registry was started.
func StepName(wan *netns.Wan) string {
	return net.JoinHostPort(wan.Address().String(), strconv.Itoa(firstPort)) + "/" + stepImage
}

// Busybox is the image of shell steps: Debian's static busybox under all its names.
func (r Registry) Busybox(ctx context.Context) (string, error) {
	config := baseConfig()
	config.User = ""
	config.Cmd = []string{"sh"}
	_, err := r.ensure(ctx, plan{repository: "busybox", tag: "1", config: config, files: busyboxFiles})
	return r.Wan + "/" + stepImage, err
}

// Pause is what holds a pod's namespaces.
func (r Registry) Pause(ctx context.Context) (string, error) {
	config := baseConfig()
	config.Entrypoint = []string{"/bin/sleep", "2147483647"}
	_, err := r.ensure(ctx, plan{repository: "pause", tag: "1", config: config, files: busyboxFiles})
	return r.Wan + "/pause:1", err
}

func busyboxFiles() ([]file, error) {
	files, err := baseFiles()
	if err != nil {
		return nil, err
	}
	binary := debian.Find("busybox")
	out, err := exec.Command(binary, "--list").Output() //nolint:gosec,noctx // the system's own, at once
	if err != nil {
		return nil, fmt.Errorf("busybox: %w", err)
	}
	files = append(files, file{path: "bin/busybox", mode: 0o755, from: binary})
	for applet := range strings.FieldsSeq(string(out)) {
		// A link of that name would point to itself.
		if applet != "busybox" {
			files = append(files, file{path: "bin/" + applet, mode: 0o777, link: "busybox"})
		}
	}
	for _, shebang := range []string{"env", "[", "test"} {
		files = append(files, file{path: "usr/bin/" + shebang, mode: 0o777, link: "/bin/busybox"})
	}
	return files, nil
}

// KoEnv is the environment in which ko builds on this machine for its clusters.
func (r Registry) KoEnv(ctx context.Context) ([]string, error) {
	base, err := r.Base(ctx)
	if err != nil {
		return nil, err
	}
	// The flags of package build, so that the compiler's cache serves both.
	config := []byte("defaultBaseImage: " + base + "\ndefaultPlatforms: [linux/" + runtime.GOARCH + "]\ndefaultLdflags: [-s, -w]\n")
	sum := sha256.Sum256(config)
	dir, err := state.Cache("ko", hex.EncodeToString(sum[:8]))
	if err != nil {
		return nil, err
	}
	if err := state.WriteFile(filepath.Join(dir, ".ko.yaml"), config, 0o644); err != nil {
		return nil, err
	}
	return []string{
		"KO_DOCKER_REPO=" + r.Local,
		"KO_DEFAULTBASEIMAGE=" + base,
		"KO_CONFIG_PATH=" + dir,
		"CGO_ENABLED=0",
	}, nil
}
