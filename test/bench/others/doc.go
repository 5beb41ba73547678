// Package others is what people have today instead of Corbel's gates: a step that polls
// a ConfigMap, and manual-approval-gate. It refuses to make them slower than they are.
package others
