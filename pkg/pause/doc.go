// Package pause is the kind Pause: a task that holds the pipeline for a while,
// until a moment, or until somebody lets it go on.
package pause
