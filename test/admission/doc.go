// Package admission holds the attack tests: real users, each with a certificate of
// its own, try to forge, tamper with and decide what is not theirs, on a real API
// server with the policies of config/ and real Tekton. No controller of Corbel's
// runs: what these tests prove holds when all of its processes are down.
package admission
