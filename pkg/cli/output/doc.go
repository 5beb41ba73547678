// Package output turns objects and rows into text on a stream: tables whose
// columns stay aligned while rows keep coming, and JSON, YAML and names. It
// also disarms control characters, because descriptions and comments are
// written by others. It knows nothing of gates.
package output
