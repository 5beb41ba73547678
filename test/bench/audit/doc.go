// Package audit reads the API server's audit log: who asked for what, and when, to
// the microsecond and by one clock. It refuses to guess: at the level that the
// clusters of hack/local log at, it knows names, codes and times, and no bodies.
package audit
