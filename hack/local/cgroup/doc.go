// Package cgroup makes the control group that all pods of one cluster are under, so
// that they can be found and ended when all that started them is gone. It serves both
// hierarchies: v1, which has been tried, and v2, which has not.
package cgroup
