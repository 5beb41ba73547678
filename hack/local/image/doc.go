// Package image makes the images that nodes run from what is on this machine: programs
// that were built already are wrapped, never compiled a second time, and step images
// come from Debian packages. They are kept in a registry of this machine's own.
//
// The git resolver of Tekton needs git in its image, which is not put there.
package image
