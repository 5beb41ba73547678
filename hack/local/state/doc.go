// Package state says where hack/local keeps things: what costs time to make (the
// cache, shared by all), and what exists on this machine now (the root). Each thing
// made is recorded under the root before it is made, so that it can be removed by a
// later program, also after a crash. It refuses to know what the records mean.
package state
