package process

import "slices"

// How the processes of a build are held together, best first.
const (
	ContainmentV2        = "cgroup-v2"
	ContainmentV1        = "cgroup-v1"
	ContainmentSubreaper = "subreaper"
	// ContainmentChildren loses what gives up its parent.
	ContainmentChildren = "children"
	// ContainmentNone supervises nothing: builds are refused.
	ContainmentNone = "none"
)

// Limits of a group. Zero is none.
type Limits struct{ MemoryBytes, CPUMillis, Processes int64 }

// names are those that are set.
func (l Limits) names() []string {
	var set []string
	for name, value := range map[string]int64{
		"memoryBytes": l.MemoryBytes, "cpuMillis": l.CPUMillis, "processes": l.Processes,
	} {
		if value > 0 {
			set = append(set, name)
		}
	}
	slices.Sort(set)
	return set
}

// Usage is of a whole group. Peak is 0 where nothing counts it.
type Usage struct {
	OOMKills int64
	Peak     int64
}

// Record is what a later process needs to find the members again.
type Record struct {
	Cookie  string   `json:"cookie"`
	Cgroups []string `json:"cgroups,omitempty"`
	// Containment says what holds the group together.
	Containment string   `json:"containment"`
	Unenforced  []string `json:"unenforced,omitempty"`
}
