// Package process knows processes: who one is beyond its pid, and how to start, signal
// and end all that belong to one build, whatever they did to get away.
//
// A group finds its members in three ways, and a member need only be found by one: by
// the cgroup they were born in, as descendants of the supervisor (which is the
// subreaper of all that lose their parent), and by a cookie in their environment.
//
// The package refuses to end anything that it did not find in one of these ways, and
// to signal a pid that has become another process.
package process
