// Package redact masks secret values in a stream of bytes, also where a value is cut
// by the border of two writes. A mask has the length of what it hides, so that offsets
// of the masked log and of the output are the same.
//
// The package refuses to guess: it hides the values it was given and the lines of
// those that have several, and no encodings of them.
package redact
