// Package story tells of gates in words: the row in a list, the description,
// why a gate waits, whether somebody can decide and if not why, what became of
// a decision. Everything here is pure: no client, no clock, no stream.
package story
