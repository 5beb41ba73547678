// Package cli holds the commands of tkn-corbel, one file per verb. A command
// reads flags, asks package gates, and prints what package story says; it
// decides nothing about gates itself. All output goes to the streams of the
// command, the time comes from a clock that is handed in.
package cli
