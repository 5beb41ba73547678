package host

import (
	"cmp"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"github.com/corbel-dev/corbel/pkg/remotebuild/runner"
	"github.com/corbel-dev/corbel/pkg/remotebuild/runner/builddir"
)

// tombstoneAge is how long a removed build is remembered, so that it cannot start again.
const tombstoneAge = 90 * 24 * time.Hour

// ended is a build that is over.
type ended struct {
	dir   builddir.Dir
	at    time.Time
	bytes int64
}

// gc removes old builds: first by age, then the oldest until the rest is small enough.
func (c *call) gc() (any, error) {
	var request runner.GCRequest
	if err := c.read(&request); err != nil {
		return nil, err
	}
	if request.MaxAge < 0 || request.MaxBytes < 0 {
		return nil, runner.Refuse(runner.ReasonInvalidRequest, "maxAge and maxBytes must not be negative")
	}
	if err := c.tidy(); err != nil {
		return nil, err
	}
	builds, reply, err := c.over(request.Keep)
	if err != nil {
		return nil, err
	}
	c.thin(builds, request, &reply)
	return reply, nil
}

// tidy ends removals that were cut short, and forgets those of long ago.
func (c *call) tidy() error {
	if err := c.root.Prepare(); err != nil {
		return err
	}
	return c.root.EmptyTrash(c.Clock.Now().Add(-tombstoneAge))
}

// thin removes what is too old or too much.
func (c *call) thin(builds []ended, request runner.GCRequest, reply *runner.GCReply) {
	now := c.Clock.Now()
	for _, build := range builds {
		old := request.MaxAge > 0 && now.Sub(build.at) > time.Duration(request.MaxAge)
		large := request.MaxBytes > 0 && reply.Kept > request.MaxBytes
		if !old && !large {
			continue
		}
		if err := c.discard(build.dir); err != nil {
			reply.Failed[build.dir.ID] = err.Error()
			continue
		}
		reply.Removed = append(reply.Removed, build.dir.ID)
		reply.Freed += build.bytes
		reply.Kept -= build.bytes
	}
}

// over are the builds that may be removed, oldest first, and what all builds take.
func (c *call) over(keep []string) ([]ended, runner.GCReply, error) {
	reply := runner.GCReply{Failed: map[string]string{}}
	dirs, err := c.root.List()
	var builds []ended
	for _, dir := range dirs {
		build := ended{dir: dir, bytes: size(dir.Path)}
		reply.Kept += build.bytes
		view, err := dir.Look(c.Clock.Now())
		if err != nil {
			reply.Failed[dir.ID] = err.Error()
			continue
		}
		switch {
		case slices.Contains(keep, dir.ID):
			continue
		case view.Status.Result != nil:
			build.at = view.Status.Result.Ended
		case view.Status.Phase == runner.PhaseLost:
			build.at = c.Clock.Now().Add(-time.Duration(view.Status.Heartbeat))
		default:
			continue
		}
		builds = append(builds, build)
	}
	slices.SortFunc(builds, func(a, b ended) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.dir.ID, b.dir.ID))
	})
	return builds, reply, err
}

// size is what the files below take. Files that vanish meanwhile take nothing.
func size(path string) int64 {
	var sum int64
	_ = filepath.WalkDir(path, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // It vanished, or is not ours to read.
		}
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			sum += info.Size()
		}
		return nil
	})
	return sum
}
