// Package runner is the protocol of corbel-runner, the helper that keeps a build
// alive on a build host, and the client that speaks it over any connection.
//
// A build is a directory ~/.corbel/b/<id> that exactly one start makes. A detached
// supervisor runs its steps; whoever may come later reads logs by byte offset and
// the end from a file. Nothing here depends on the connection that began the build.
//
// The package refuses to run anything itself, to know of SSH or Kubernetes, to put a
// secret on a command line or into a file, and to take orders of an epoch that is
// older than the one the build has seen.
package runner
