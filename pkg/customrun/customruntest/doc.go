// Package customruntest holds what tests of custom tasks share: fakes that behave,
// a kind that does what it is told, and the contract that every kind keeps.
//
// The package refuses to know any kind, and to make up for what a fake cannot show:
// such points of the contract name the test on a real cluster that shows them.
package customruntest
