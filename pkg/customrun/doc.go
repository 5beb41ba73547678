// Package customrun is the kernel of every custom task: Tekton's contract for
// CustomRuns, once. It owns the status of the runs, and with it start, cancel,
// timeout, retries, results and the rule that a finished run never changes.
//
// A custom task is a Kind: four methods, none of which can break the contract.
// Read kind.go first, then lifecycle.go.
//
// The package refuses to know any kind: what is waited for, built or dispatched
// is the kind's own.
package customrun
