// Package proc runs the programs of clusters and hosts so that a later program can
// find, freeze and end them. Each has a record (pid and start time, since a pid alone
// may have been given to another) and a log, and carries a mark in its environment by
// which it and its children are found even when the record was never written.
//
// It never signals a process that it cannot prove to be its own.
package proc
