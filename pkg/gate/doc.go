// Package gate is what Approval and Pause have in common: requests, the rules
// that decisions fill, and the ledger. It is pure but for the interface through
// which a kind opens and closes requests.
//
// The package refuses to know who somebody is: admission has proven that before
// a decision exists.
package gate
