// Package runnertest builds the real helper for tests and runs it on this machine, as
// this user or as one without rights.
//
// It refuses to be imported from anything but tests, and to pretend: there is no fake
// helper, since the real one starts in milliseconds.
package runnertest
