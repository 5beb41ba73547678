//go:build unix

package runnertest

import (
	"os/exec"
	"syscall"
)

func become(cmd *exec.Cmd, uid uint32) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
}
