// Package measure is the scenarios: each makes something happen on a rig, reads from
// the audit log when it did, and returns figures with their conditions. It refuses to
// fail on a slow figure; a decision that is lost or doubled is what it calls wrong.
package measure
