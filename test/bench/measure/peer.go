package measure

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/corbel-dev/corbel/test/bench/audit"
	"github.com/corbel-dev/corbel/test/bench/others"
	"github.com/corbel-dev/corbel/test/bench/report"
	"github.com/corbel-dev/corbel/test/bench/rig"
)

// Figures that the peer is compared by.
const (
	figureDoneP50   = "decision -> run done p50"
	figureNextP50   = "decision -> next task created p50"
	figureListable  = "all listable after"
	figureOpenRate  = "gates opened per second"
	figureAllDone   = "all runs done after the last decision"
	figureRate      = "decisions carried out per second"
	peerSamples     = 20
	peerDecisionsPS = 20 // decisions a second in its burst
)

// published are the figures of the peer's commit c6cff9d at its default settings, on 2
// cores with Kubernetes 1.35 and Tekton 1.15.
func published() []report.Figure {
	return []report.Figure{
		{Name: figureDoneP50, Value: 12, Unit: "ms", Note: "11 to 13, one gate"},
		{Name: figureNextP50, Value: 46, Unit: "ms", Note: "26 to 67; a TaskRun"},
		{Name: figureListable, Value: 153, Unit: "s", Note: "200 gates opened at once"},
		{Name: figureOpenRate, Value: 1.3, Unit: "1/s"},
		{Name: figureAllDone, Value: 72, Unit: "s", Note: "200 decisions in 9 s"},
		{Name: figureRate, Value: 2.5, Unit: "1/s", Note: "200 in 81 s"},
	}
}

// peer measures manual-approval-gate in the same way, or tells what is known of it.
func peer(ctx context.Context, r *rig.Rig, settings Settings) (results []report.Result, err error) {
	result := report.Result{Scenario: "peer", Title: "manual-approval-gate"}
	if settings.Peer == "" {
		result.Title += ", figures from elsewhere (--with-peer DIR measures it)"
		result.Conditions = []string{"commit c6cff9d at its default settings, measured on another cluster of the same kind of machine: 2 cores, Kubernetes 1.35, Tekton 1.15, with nodes"}
		result.Elsewhere = published()
		return []report.Result{result}, nil
	}
	dir, err := os.MkdirTemp("", "corbel-bench-")
	if err != nil {
		return nil, fmt.Errorf("peer: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	running, err := others.StartPeer(ctx, r, settings.Peer, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, running.Stop(context.WithoutCancel(ctx))) }()
	s, err := setStage(ctx, r, "peer", 1)
	if err != nil {
		return nil, err
	}
	defer s.strike(ctx, &err)
	result.Conditions = []string{
		"commit " + running.Version + ", one replica as a process on the same machine, at its default settings; without its webhook, which takes no part in these times",
		fmt.Sprintf("%d decisions with no other gate waiting; then %d gates opened by %d clients at once, and decided at %d a second", peerSamples, settings.PeerBurst, len(s.admins), peerDecisionsPS),
		"a decision is the user's PUT of the ApprovalTask; the run is done with the first write of its status after that",
	}
	load := r.StartLoad()
	if err := errors.Join(s.peerLatency(ctx, &result), s.peerBurst(ctx, &result, settings.PeerBurst)); err != nil {
		return nil, err
	}
	result.Load = load()
	return []report.Result{result}, nil
}

// peerLatency decides gates in pipelines one by one.
func (s *stage) peerLatency(ctx context.Context, result *report.Result) error {
	if err := s.Audit.Skip(); err != nil {
		return err
	}
	var runs []string
	for i := range peerSamples {
		opened, err := rig.OpenPipelines(ctx, s.admins, rig.Work{
			Namespace: s.namespace, Prefix: fmt.Sprintf("sample-%02d", i), N: 1, Required: 1, Of: others.Peer(s.people[0].User),
		})
		if err != nil {
			return err
		}
		runs = append(runs, opened...)
		if err := others.PeerOpened(ctx, s.Rig, s.namespace, len(runs)); err != nil {
			return err
		}
		if err := rig.Sleep(ctx, 2*settle); err != nil {
			return err
		}
		if err := others.PeerApprove(ctx, s.people[0], s.namespace, opened[0]); err != nil {
			return err
		}
		if err := s.through(ctx, []string{opened[0], rig.NextRun(opened[0])}); err != nil {
			return err
		}
	}
	events, err := s.Audit.Read()
	if err != nil {
		return err
	}
	t := s.tracePeer(events, runs)
	result.Add(report.Spread("decision -> run done", t.done, report.Targets{})...)
	result.Add(report.Spread("decision -> next task created", t.next, report.Targets{})...)
	return nil
}

// peerBurst opens gates at once and decides them.
func (s *stage) peerBurst(ctx context.Context, result *report.Result, n int) error {
	if err := s.Audit.Skip(); err != nil {
		return err
	}
	work := rig.Work{Namespace: s.namespace, Prefix: "burst", N: n, Required: 1, Of: others.Peer(s.people[0].User)}
	runs, err := rig.OpenRuns(ctx, s.admins, work)
	if err != nil {
		return err
	}
	if err := others.PeerOpened(ctx, s.Rig, s.namespace, n+peerSamples); err != nil {
		return err
	}
	events, err := s.Audit.Read()
	if err != nil {
		return err
	}
	begin := audit.FirstReceived(audit.Select(events, audit.Match{Verb: "create", Resource: "customruns", Namespace: s.namespace}))
	end := audit.LastAnswered(audit.Select(events, audit.Match{User: others.PeerController, Verb: "create", Resource: "approvaltasks"}))
	if err := s.peerDecide(ctx, runs); err != nil {
		return err
	}
	if events, err = s.Audit.Read(); err != nil {
		return err
	}
	t := s.tracePeer(events, runs)
	result.Add(
		report.Figure{Name: figureListable, Value: report.Number(end.Sub(begin).Seconds()), Unit: "s", Note: fmt.Sprintf("%d gates", n)},
		report.Figure{Name: figureOpenRate, Value: report.Number(float64(n) / end.Sub(begin).Seconds()), Unit: "1/s"},
		report.Figure{Name: figureAllDone, Value: t.after(), Unit: "s", Note: fmt.Sprintf("%d decisions in %s", n, time.Duration(n)*time.Second/peerDecisionsPS)},
		t.rate(),
	)
	return nil
}

func (s *stage) peerDecide(ctx context.Context, runs []string) error {
	group, deciding := errgroup.WithContext(ctx)
	for _, run := range runs {
		group.Go(func() error { return others.PeerApprove(deciding, s.people[0], s.namespace, run) })
		if err := rig.Sleep(ctx, time.Second/peerDecisionsPS); err != nil {
			return errors.Join(err, group.Wait())
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return s.through(ctx, runs)
}

// tracePeer is trace for the peer's objects, which are named as the runs are. It goes
// on writing the status of runs that have ended, so the first write after the decision
// is taken: the earliest that can have ended the run.
func (s *stage) tracePeer(events []audit.Event, names []string) spans {
	decided := audit.LastByName(audit.Select(events, audit.Match{User: s.people[0].User, Verb: "update", Resource: "approvaltasks"}))
	runs := audit.FirstAfter(audit.Select(events, audit.Match{User: others.PeerController, Verb: "update", Resource: "customruns", Subresource: "status"}), decided)
	nexts := audit.LastByName(audit.Select(events, audit.Match{User: rig.Tekton, Verb: "create", Resource: "customruns"}))
	var t spans
	for _, run := range names {
		t0, ok := decided[run]
		if !ok {
			continue
		}
		t.decided(t0)
		if e, ok := runs[run]; ok {
			t.done = append(t.done, e.Received.Sub(t0.Answered))
			t.end = later(t.end, e.Received)
		}
		if e, ok := nexts[rig.NextRun(run)]; ok {
			t.next = append(t.next, e.Received.Sub(t0.Answered))
		}
	}
	return t
}
