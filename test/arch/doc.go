// Package arch holds the rules of the project's layout, and the test that the tree
// keeps them: who may import whom, what is pure, who may ask for the time, how long
// things may be and how they are called. It reads source files and runs nothing.
//
// It knows no exceptions. A rule that is in the way is changed here, for all.
package arch
