// Package upload sends a log that grows to the log service, so that every byte
// arrives once and in order, whatever is cut or restarted in between.
//
// The sender asks how far the service got, sends on from there in pieces, and ends
// with the digest. It remembers nothing: the source keeps the bytes until Upload
// returns nil. A Spool is such a source, on disk, that takes what a build writes
// and never makes it wait.
package upload
