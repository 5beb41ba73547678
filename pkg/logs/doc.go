// Package logs keeps the logs of work that ran elsewhere: append-only streams of
// bytes, written by range so that every byte is stored once, whatever is cut or
// killed in between, and read while they grow.
//
// A stream is a folder with four files: data (the bytes), arrivals (which bytes
// came when), place (in which namespace people look for it) and done (the digest,
// once the stream is finished). The sender keeps
// its copy until the stream is finished, so a write is answered when the kernel
// has it; files are forced to disk when the stream is finished. After a power cut
// the store may have less than it said, and asks for the rest again.
//
// The package refuses to know what writes and who reads: see ingest and kubelet.
package logs
