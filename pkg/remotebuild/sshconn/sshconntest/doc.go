// Package sshconntest is an SSH server inside the test's process, on a loopback port. It
// runs commands for real, and can be told to misbehave: to show another key, to flood
// with banners, to stop reading.
//
// It refuses to be imported from anything but tests.
package sshconntest
