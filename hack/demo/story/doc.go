// Package story is the demo as pieces: a stage to play it on, people who act with
// their own rights, and commands that are shown as they are typed. The end-to-end
// tests play the same pieces and look at what came out.
//
// The package fakes nothing: every line that it shows as a command is run as it
// stands, and what follows is what the command printed.
package story
