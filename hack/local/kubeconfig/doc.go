// Package kubeconfig writes the files that clients of a cluster read, one a user, each
// with the user's certificate inside, so that a file can be handed on alone.
package kubeconfig
