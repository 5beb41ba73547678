// Package build compiles the programs that clusters are made of, each once: a binary
// is kept in the cache under a key of everything that it is made from. Versions are
// pinned by the go.mod files under third_party/. All are built with one set of flags,
// so that they share the compiler's own cache.
package build
