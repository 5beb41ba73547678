// Package debian makes sure of programs that come from the distribution: it installs
// their packages where that is possible, and says which are missing where it is not.
package debian
