package host

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"os"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/corbel-dev/corbel/hack/local/debian"
	"github.com/corbel-dev/corbel/hack/local/state"
)

// firstUID is above the system's own users.
const firstUID = 20000

// inside is where the host sees its own folder, which may itself be under one that
// the host has its own of.
const inside = "/mnt"

// furnish makes the host's files; keys that exist stay.
func (h *Host) furnish(context.Context) error {
	hostKey, err := h.key("host_key")
	if err != nil {
		return err
	}
	clientKey, err := h.key("client_key")
	if err != nil {
		return err
	}
	h.record.HostKey = hostKey
	if err := h.save(); err != nil {
		return err
	}
	for i, user := range h.Users() {
		if err := h.addUser(user, firstUID+i, clientKey); err != nil {
			return fmt.Errorf("user %s: %w", user, err)
		}
	}
	files := map[string]string{
		"etc/passwd": h.lines(func(user string, id int) string {
			return fmt.Sprintf("%s:x:%d:%d::/home/%s:/bin/sh", user, id, id, user)
		}, "root:x:0:0:root:/root:/bin/sh", "sshd:x:101:65534::/run/sshd:/usr/sbin/nologin", "nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin"),
		"etc/shadow": h.lines(func(user string, _ int) string { return user + ":*:19000:0:99999:7:::" },
			"root:*:19000:0:99999:7:::"),
		"etc/group": h.lines(func(user string, id int) string { return fmt.Sprintf("%s:x:%d:", user, id) },
			"root:x:0:", "nogroup:x:65534:"),
		"etc/sshd_config": h.sshdConfig(),
		"boot.sh":         h.bootScript(),
	}
	for name, content := range files {
		if err := state.WriteFile(h.path(name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(h.path("tmp"), 0o755); err != nil {
		return err
	}
	return os.Chmod(h.path("tmp"), os.ModeSticky|0o777)
}

// lines makes a file with a line for each user after the given ones.
func (h *Host) lines(line func(user string, id int) string, system ...string) string {
	for i, user := range h.Users() {
		system = append(system, line(user, firstUID+i))
	}
	return strings.Join(system, "\n") + "\n"
}

func (h *Host) addUser(user string, id int, clientKey string) error {
	if err := os.MkdirAll(h.Home(user), 0o755); err != nil {
		return err
	}
	if err := os.Chown(h.Home(user), id, id); err != nil {
		return err
	}
	return state.WriteFile(h.path("keys", user), []byte(clientKey+"\n"), 0o644)
}

func (h *Host) sshdConfig() string {
	return strings.Join([]string{
		"Port " + port,
		"ListenAddress 0.0.0.0",
		"HostKey " + inside + "/host_key",
		"PidFile none",
		"AuthorizedKeysFile " + inside + "/keys/%u",
		"StrictModes no", // the folders above are root's own
		"PasswordAuthentication no",
		"KbdInteractiveAuthentication no",
		"UsePAM no",
		"UseDNS no",
		"AllowUsers " + strings.Join(h.Users(), " "),
		"Subsystem sftp internal-sftp",
		"LogLevel VERBOSE",
		"",
	}, "\n")
}

// bootScript is the host's first process until it becomes sshd. Its mounts are seen
// by the host alone and end with it.
func (h *Host) bootScript() string {
	lines := []string{"mount --make-rprivate /", "mount --bind " + h.path() + " " + inside}
	for _, folder := range h.group().Folders() {
		lines = append(lines, fmt.Sprintf("echo 0 > %s/cgroup.procs", folder))
	}
	for _, name := range []string{"etc/passwd", "etc/shadow", "etc/group", "home", "tmp"} {
		lines = append(lines, fmt.Sprintf("mount --bind %s/%s /%s", inside, name, name))
	}
	lines = append(lines,
		"mount -t tmpfs -o mode=755 run /run",
		"mkdir /run/sshd",
		"echo "+h.Name()+" > /proc/sys/kernel/hostname",
		"cd /",
		"exec "+debian.Find("sshd")+" -D -e -f "+inside+"/etc/sshd_config",
		"",
	)
	return strings.Join(lines, "\n")
}

// key makes a key file, or finds it, and gives the public half.
func (h *Host) key(name string) (string, error) {
	path := h.path(name)
	if data, err := os.ReadFile(path); err == nil { //nolint:gosec // a path of ours
		signer, err := ssh.ParsePrivateKey(data)
		if err != nil {
			return "", fmt.Errorf("key %s: %w", path, err)
		}
		return authorizedKey(signer.PublicKey()), nil
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", fmt.Errorf("key %s: %w", path, err)
	}
	block, err := ssh.MarshalPrivateKey(private, h.Name())
	if err != nil {
		return "", fmt.Errorf("key %s: %w", path, err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		return "", fmt.Errorf("key %s: %w", path, err)
	}
	return authorizedKey(key), state.WriteFile(path, pem.EncodeToMemory(block), 0o600)
}

func authorizedKey(key ssh.PublicKey) string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}
