// Package gatekindtest is the store of requests in memory, and runs, for the tests
// of the kinds that wait at a gate.
package gatekindtest
