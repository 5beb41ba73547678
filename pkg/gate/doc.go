// Package gate is what Approval and Pause have in common: the rules that decisions
// fill, the ledger, and the words for both. It is pure.
//
// The package refuses to know who somebody is: admission has proven that before
// a decision exists.
package gate
