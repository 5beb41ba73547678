// Package e2e plays what users and operators do, from the first command to the last,
// on a real cluster with a node: the demo, an upgrade under a waiting gate, the loss
// of the webhook, the removal of Corbel, and every example and command of the docs.
//
// It refuses to reach into the programs: all is done with kubectl, tkn and ko.
package e2e
