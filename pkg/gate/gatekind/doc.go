// Package gatekind is what the kinds that wait at a gate share: the request that
// they open, the effects on it, and where they read their world.
package gatekind
