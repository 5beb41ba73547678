package sshconntest

import (
	"io"
	"net"
	"strconv"

	"golang.org/x/crypto/ssh"
)

// forward lets the server be a jump host.
func (s *Server) forward(offered ssh.NewChannel) {
	var want struct {
		Host       string
		Port       uint32
		OriginHost string
		OriginPort uint32
	}
	if ssh.Unmarshal(offered.ExtraData(), &want) != nil {
		_ = offered.Reject(ssh.ConnectionFailed, "bad request")
		return
	}
	to, err := (&net.Dialer{}).DialContext(s.ctx, "tcp", net.JoinHostPort(want.Host, strconv.Itoa(int(want.Port))))
	if err != nil {
		_ = offered.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	channel, requests, err := offered.Accept()
	if err != nil {
		_ = to.Close()
		return
	}
	go ssh.DiscardRequests(requests)
	go copyAndClose(to, channel)
	copyAndClose(channel, to)
}

func copyAndClose(to io.WriteCloser, from io.Reader) {
	_, _ = io.Copy(to, from)
	_ = to.Close()
}
