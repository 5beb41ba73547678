package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/corbel-dev/corbel/hack/local/cluster"
	"github.com/corbel-dev/corbel/hack/local/state"
	"github.com/corbel-dev/corbel/test/bench/measure"
	"github.com/corbel-dev/corbel/test/bench/report"
	"github.com/corbel-dev/corbel/test/bench/rig"
)

// ownCluster is the name of the cluster that nobody asked for by name.
const ownCluster = "bench"

// bench brings a cluster up, measures, and takes the cluster down.
func (o *options) bench(ctx context.Context, out, log io.Writer) (err error) {
	scenarios, err := o.scenarios()
	if err != nil {
		return err
	}
	if o.Profiles != "" {
		if err := os.MkdirAll(o.Profiles, 0o755); err != nil {
			return fmt.Errorf("folder for profiles: %w", err)
		}
	}
	// Two benchmarks at a time would measure each other.
	unlock, err := state.Lock(ctx, state.Default().Path("locks", "bench"))
	if err != nil {
		return err
	}
	defer unlock()
	name := o.cluster
	if name == "" {
		name = ownCluster
	}
	if o.cluster == "" && !o.keep {
		// Also what a run left behind that was killed, and also when this one is.
		cfg := cluster.Config{Name: name, Mode: cluster.ControlPlane, Log: log}
		if err := cluster.Down(ctx, cfg); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, cluster.Down(context.WithoutCancel(ctx), cfg)) }()
	}
	r, err := rig.Up(ctx, rig.Config{Cluster: name, Replicas: o.replicas, Log: log})
	if err != nil {
		return err
	}
	found, err := o.measure(ctx, r, scenarios, out)
	err = errors.Join(err, o.save(found))
	if n := found.Wrong(); n > 0 {
		err = errors.Join(err, fmt.Errorf("%d decisions or runs are not as they must be; see WRONG above", n))
	}
	return err
}

// measure runs the scenarios one after the other and prints each result at once.
func (o *options) measure(ctx context.Context, r *rig.Rig, scenarios []measure.Scenario, out io.Writer) (report.Report, error) {
	var found report.Report
	var err error
	if found.Conditions, err = r.Facts(ctx); err != nil {
		return found, err
	}
	if err := report.WriteConditions(out, found.Conditions); err != nil {
		return found, err
	}
	for _, s := range scenarios {
		r.Say("%s", s.Name)
		results, err := s.Run(ctx, r, o.Settings)
		found.Results = append(found.Results, results...)
		if err := errors.Join(err, write(out, results)); err != nil {
			return found, fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	ratios := measure.Ratios(found.Results)
	found.Results = append(found.Results, ratios...)
	return found, write(out, ratios)
}

func write(out io.Writer, results []report.Result) error {
	for _, result := range results {
		if err := result.Write(out); err != nil {
			return err
		}
	}
	return nil
}

func (o *options) save(found report.Report) error {
	if o.out == "" {
		return nil
	}
	data, err := json.MarshalIndent(found, "", "  ")
	if err != nil {
		return fmt.Errorf("results: %w", err)
	}
	if err := os.WriteFile(o.out, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("results: %w", err)
	}
	return nil
}

// scenarios are those asked for, in the order that they are made for.
func (o *options) scenarios() ([]measure.Scenario, error) {
	all := measure.Scenarios()
	for _, name := range o.only {
		if !slices.ContainsFunc(all, func(s measure.Scenario) bool { return s.Name == name }) {
			return nil, fmt.Errorf("--only %s: there is no such scenario; choose from %s", name, names())
		}
	}
	if len(o.only) == 0 {
		return all, nil
	}
	return slices.DeleteFunc(all, func(s measure.Scenario) bool { return !slices.Contains(o.only, s.Name) }), nil
}

func names() string {
	var all []string
	for _, s := range measure.Scenarios() {
		all = append(all, s.Name)
	}
	return strings.Join(all, ", ")
}
