// Package builddir is the place of builds on a host: the root ~/.corbel, one directory
// a build, and the files in it that processes without a connection leave each other.
//
//	b/<id>/           made by mkdir: whoever makes it starts the build, nobody else
//	  lock            held for each change of what follows
//	  spec.json       the spec without the values of secrets
//	  epoch           the highest that was seen
//	  supervisor.json who supervises: pid, start time, boot id, cookie, cgroup
//	  hb              touched by the supervisor
//	  lease           touched by start, attach and renew
//	  cancel          a wish to stop
//	  rc              the result, put there by rename, once
//	  steps/<name>/   log, rc and script of one step
//	  work/ out/      where steps run, and where they leave artifacts
//	t/<id>            a build that was removed, and may not start again
//	bin/<sha256>/     the helper itself
//
// The package refuses to start or end processes and to decide by anything but what
// is on the disk and who is alive.
package builddir
