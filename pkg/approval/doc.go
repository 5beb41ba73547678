// Package approval is the kind Approval: a task that is done when enough of the
// right people said so. Who they are is proven by admission, what they said is
// counted by package gate; this package says what a pipeline makes of it.
package approval
