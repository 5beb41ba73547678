// Package program is what Corbel's programs have in common beside knative's main:
// settings that it does not read where each controller has a name.
package program
