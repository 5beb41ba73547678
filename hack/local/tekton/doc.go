// Package tekton reads the manifests of Tekton Pipelines and Triggers from their
// modules, at the pinned versions, and makes them what their release files are. It
// applies nothing.
package tekton
