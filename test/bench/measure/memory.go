package measure

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/corbel-dev/corbel/test/bench/report"
	"github.com/corbel-dev/corbel/test/bench/rig"
)

// memory reads the controllers' memory with more and more waiting gates.
func memory(ctx context.Context, r *rig.Rig, settings Settings) (results []report.Result, err error) {
	s, err := setStage(ctx, r, "memory", 0)
	if err != nil {
		return nil, err
	}
	defer s.strike(ctx, &err)
	load := r.StartLoad()
	if err := r.RenewControllers(ctx); err != nil {
		return nil, err
	}
	sizes := append([]int{0}, slices.Sorted(slices.Values(settings.Memory))...)
	read := make([]rig.Memory, len(sizes))
	for i, n := range sizes {
		if i > 0 {
			work := rig.Work{Prefix: fmt.Sprintf("waiting-%d", i), N: n - sizes[i-1], Required: 1}
			if _, err := s.open(ctx, work); err != nil {
				return nil, err
			}
		}
		if read[i], err = s.largest(ctx); err != nil {
			return nil, err
		}
		r.Say("memory with %d gates: %d KiB live", n, read[i].Live>>10)
	}
	result := report.Result{
		Scenario: "memory",
		Title:    "memory of one replica of the controller",
		Conditions: []string{
			"gates by parameters alone, nothing else in the cluster; of the replicas, the one with the largest heap: all hold the same caches",
			"heap right after a garbage collection, when the controllers had nothing to do for 3 s; resident memory at the same moment",
		},
		Load: load(),
	}
	for i, n := range sizes {
		result.Add(
			report.Figure{Name: fmt.Sprintf("live heap, %d gates", n), Value: mebibytes(read[i].Live), Unit: "MiB"},
			report.Figure{Name: fmt.Sprintf("heap in use, %d gates", n), Value: mebibytes(read[i].InUse), Unit: "MiB"},
			report.Figure{Name: fmt.Sprintf("resident, %d gates", n), Value: mebibytes(read[i].Resident), Unit: "MiB", Target: residentTarget(n)},
		)
	}
	for i := 1; i < len(sizes); i++ {
		result.Add(slope(sizes[i-1], sizes[i], read[i-1], read[i])...)
	}
	return []report.Result{result}, s.heaps(ctx, settings)
}

func residentTarget(n int) report.Number {
	if n == 10_000 {
		return 200
	}
	return 0
}

func slope(n0, n1 int, m0, m1 rig.Memory) []report.Figure {
	per := func(a, b int64) report.Number { return report.Number(float64(b-a) / float64(n1-n0) / 1024) }
	return []report.Figure{
		{Name: fmt.Sprintf("live heap per gate, %d to %d", n0, n1), Value: per(m0.Live, m1.Live), Unit: "KiB", Target: 8},
		{Name: fmt.Sprintf("resident per gate, %d to %d", n0, n1), Value: per(m0.Resident, m1.Resident), Unit: "KiB"},
	}
}

func mebibytes(n int64) report.Number { return report.Number(float64(n) / (1 << 20)) }

// largest is the memory of the replica with the largest heap, once all are idle.
func (s *stage) largest(ctx context.Context) (rig.Memory, error) {
	var largest rig.Memory
	if err := s.Settled(ctx); err != nil {
		return largest, err
	}
	controllers, err := s.Controllers()
	if err != nil {
		return largest, err
	}
	for _, p := range controllers {
		m, err := s.MemoryOf(ctx, p)
		if err != nil {
			return largest, err
		}
		if m.Live > largest.Live {
			largest = m
		}
	}
	return largest, nil
}

// heaps writes heap profiles, if wanted.
func (s *stage) heaps(ctx context.Context, settings Settings) error {
	if settings.Profiles == "" {
		return nil
	}
	controllers, err := s.Controllers()
	if err != nil {
		return err
	}
	for _, p := range controllers {
		if err := s.HeapProfile(ctx, p, filepath.Join(settings.Profiles, "memory-"+p.Name+".pprof")); err != nil {
			return err
		}
	}
	return nil
}
