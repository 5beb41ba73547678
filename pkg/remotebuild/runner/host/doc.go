// Package host is the commands of corbel-runner, as they run on the build host. Each
// reads one JSON value from stdin and answers with one on stdout; attach alone streams.
//
// The package refuses commands of an older epoch, to remove what may still run, and to
// take anything secret from its arguments.
package host
