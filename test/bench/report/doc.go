// Package report is what was measured: figures with their conditions, as a table for
// people and as JSON. It refuses a figure without a unit.
package report
