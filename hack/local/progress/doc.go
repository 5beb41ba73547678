// Package progress says what hack/local is doing and how long it took. It is the only
// place there that reads the clock.
package progress
