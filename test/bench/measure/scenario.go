package measure

import (
	"context"
	"errors"
	"time"

	"github.com/corbel-dev/corbel/test/bench/report"
	"github.com/corbel-dev/corbel/test/bench/rig"
)

// Settings are the sizes.
type Settings struct {
	// Waiting gates while latency is measured.
	Waiting []int
	// Memory is measured with so many waiting gates.
	Memory []int
	// Conflict is how many decide on one gate at once.
	Conflict []int
	// Samples of latency, and the time from one decision to the next.
	Samples int
	Every   time.Duration
	// Burst is how many gates are opened and decided at once, BurstOver the time that
	// the decisions take, Clients how many connections they come by.
	Burst     int
	BurstOver time.Duration
	Clients   int
	// IdleWindow is how long idle gates are watched.
	IdleWindow time.Duration
	// PollRounds is how often each polling gate is decided.
	PollRounds int
	// PeerBurst is as Burst, for the peer.
	PeerBurst int
	// Profiles is a folder for profiles of the controller; empty for none.
	Profiles string
	// Peer is a checkout of the peer; empty for none.
	Peer string
}

// Scenario is one sort of measurement.
type Scenario struct {
	Name string
	run  func(context.Context, *rig.Rig, Settings) ([]report.Result, error)
}

// Scenarios are all of them, in an order in which none disturbs the next.
func Scenarios() []Scenario {
	return []Scenario{
		{"latency", latency},
		{"burst", burst},
		{"chaos", chaos},
		{"conflict", conflict},
		{"idle", idle},
		{"polling", polling},
		{"peer", peer},
		{"memory", memory},
	}
}

// Run measures.
func (s Scenario) Run(ctx context.Context, r *rig.Rig, settings Settings) ([]report.Result, error) {
	return s.run(ctx, r, settings)
}

// stage is a namespace with a watch on it.
type stage struct {
	*rig.Rig
	namespace string
	watch     *rig.Watch
	people    []*rig.Clients
	admins    []*rig.Clients
}

// setStage makes a namespace, and clients for as many who open and decide.
func setStage(ctx context.Context, r *rig.Rig, purpose string, people int) (*stage, error) {
	s := &stage{Rig: r}
	var err error
	s.people, err = r.People(people) //nolint:contextcheck // it writes files
	if err != nil {
		return nil, err
	}
	const openers = 20
	if s.admins, err = r.Admins(openers); err != nil {
		return nil, err
	}
	if s.namespace, err = r.Namespace(ctx, purpose); err != nil {
		return nil, err
	}
	s.watch, err = r.Watch(ctx, s.namespace)
	return s, err
}

// strike takes the stage down; all that happened on it has been read before.
func (s *stage) strike(ctx context.Context, err *error) {
	s.watch.Stop()
	*err = errors.Join(*err, s.Discard(ctx, s.namespace))
}

// openQuietly opens gates and waits until nothing is left to do for them.
func (s *stage) openQuietly(ctx context.Context, w rig.Work) ([]rig.Gate, error) {
	gates, err := s.open(ctx, w)
	return gates, errors.Join(err, s.Settled(ctx))
}

// open opens gates and waits until they wait.
func (s *stage) open(ctx context.Context, w rig.Work) ([]rig.Gate, error) {
	w.Namespace, w.Of = s.namespace, rig.Ours()
	runs, err := rig.OpenRuns(ctx, s.admins, w)
	if err != nil {
		return nil, err
	}
	return s.watch.Opened(ctx, runs)
}

func runsOf(gates []rig.Gate) []string {
	runs := make([]string, len(gates))
	for i, g := range gates {
		runs[i] = g.Run
	}
	return runs
}

// judge adds how the decisions stand, and what is wrong with that.
func (s *stage) judge(ctx context.Context, result *report.Result, votes []rig.Vote) error {
	standing, err := s.Ledgers(ctx, s.namespace, votes)
	if err != nil {
		return err
	}
	result.Add(
		report.Figure{Name: "decisions answered 201", Value: report.Number(standing.Answered), Unit: "decisions"},
		report.Figure{Name: "of these in one ledger, once", Value: report.Number(standing.Once), Unit: "decisions", Note: "checked by UID"},
	)
	result.Wrong = append(result.Wrong, standing.Wrong...)
	return nil
}
