// Package supervisor runs the steps of one build, detached from whoever asked for it:
// it keeps the heart beating, writes the logs, watches for a wish to cancel, for time
// running out and for nobody wanting the build any more, and leaves the result.
//
// It refuses to run a build that has a supervisor or a result, to start a step after a
// stop, and to let anything of a step live on after the step's end.
package supervisor
