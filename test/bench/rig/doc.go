// Package rig is what is measured and what drives it: a control-plane cluster with
// Tekton and this checkout's config/, users with certificates of their own, gates, and
// the load that the machine is under. It refuses to measure: it only makes things
// happen, and the audit log tells when they did.
package rig
