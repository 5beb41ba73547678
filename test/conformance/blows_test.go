package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"time"

	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/corbel-dev/corbel/hack/local/cluster"
	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

// blows are stories that hit the controllers or the API server, one after the other.
var blows = []struct {
	name string
	tale
}{
	{"the leader is killed", tale{[]int{30}, leaderKilled}},
	{"the controllers are down over a deadline", tale{[]int{16, 28}, downOverDeadline}},
	{"the API server is restarted", tale{[]int{28, 29}, apiServerRestarted}},
	{"controllers are killed at random", tale{[]int{16, 28, 29, 30, 32}, killedAtRandom}},
}

// replica is one process of the controller.
func replica(s *story, n int) *cluster.Process {
	s.Helper()
	name := controllerName
	if n > 0 {
		name = fmt.Sprintf("%s-%d", controllerName, n)
	}
	p, ok := world.Process(name)
	if !ok {
		s.Fatalf("no process %s", name)
	}
	return p
}

func (s *story) revive() {
	s.Helper()
	for n := range replicas {
		if p := replica(s, n); !p.Running() {
			_, err := p.Restart()
			s.must(err)
		}
	}
}

// leases counts the leases of the controllers by the process that holds them, which
// says its name in its log.
func (s *story) leases() [replicas]int {
	s.Helper()
	list, err := s.admin.kube.CoordinationV1().Leases(systemNamespace).List(s.Context(), metav1.ListOptions{})
	s.must(err)
	var held [replicas]int
	for n := range replicas {
		log, err := os.ReadFile(replica(s, n).LogPath())
		s.must(err)
		for _, lease := range list.Items {
			holder := lease.Spec.HolderIdentity
			if holder != nil && *holder != "" && strings.HasPrefix(lease.Name, controllerName+".") && strings.Contains(string(log), *holder) {
				held[n]++
			}
		}
	}
	return held
}

// leaderKilled: the other replica goes on when the leases have run out.
func leaderKilled(s *story) {
	s.Cleanup(s.revive)
	pr := s.start(`
timeouts: {pipeline: 10m}
pipelineSpec:
  tasks:
  - name: gate
    matrix:
      params: [{name: description, value: [a, b, c, d, e, f, g, h]}]
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval}
    params: [{name: approvers, value: [alice]}]
  - name: next
    runAfter: [gate]
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Pause}
    params: [{name: duration, value: 1s}]
`)
	runs := s.runsOf(pr, "gate", 8)
	var asked []*v1alpha1.ApprovalRequest
	for i := range runs {
		asked = append(asked, s.request(&runs[i], 1))
	}
	held, leader := s.leases(), 0
	if held[1] > held[0] {
		leader = 1
	}
	if held[leader] == 0 {
		s.Fatalf("nobody leads: %v", held)
	}
	s.must(replica(s, leader).Kill())
	killed := time.Now()
	for _, req := range asked {
		s.decide("alice", req, v1alpha1.DecisionApprove)
	}
	s.ends(pr, "Succeeded")
	s.Logf("leases %v; the other finished %s after the kill", held, time.Since(killed).Round(time.Second))
	for i := range runs {
		run := s.finishes(&runs[i], "True/Approved")
		s.once(run)
	}
}

// once: each change of a run was told by one event, so that one alone acted.
func (s *story) once(run *v1beta1.CustomRun) {
	s.Helper()
	list, err := s.admin.kube.CoreV1().Events(s.namespace).List(s.Context(), metav1.ListOptions{FieldSelector: "involvedObject.uid=" + string(run.UID)})
	s.must(err)
	seen := map[string]int{}
	for _, e := range list.Items {
		if ofCorbel(e) {
			seen[e.Reason] += max(1, int(e.Count))
		}
	}
	for reason, n := range seen {
		if n > 1 {
			s.Errorf("%s: %s was told %d times", run.Name, reason, n)
		}
	}
}

// downOverDeadline: a decision that was made in time counts, though nobody saw it.
func downOverDeadline(s *story) {
	s.Cleanup(s.revive)
	gate := `
pipelineSpec:
  tasks:
  - name: gate
    timeout: 6s
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval}
    params: [{name: approvers, value: [alice]}]
`
	decided, undecided := s.startNamed("decided", gate), s.startNamed("undecided", gate)
	run, req := s.gate(decided, "gate")
	other, _ := s.gate(undecided, "gate")
	webhook, ok := world.Process("corbel-webhook")
	if !ok {
		s.Fatal("no webhook")
	}
	s.must(webhook.Kill())
	for n := range replicas {
		s.must(replica(s, n).Kill())
	}
	s.decide("alice", req, v1alpha1.DecisionApprove)
	eventually(s, "deadline", func(context.Context) (time.Time, error) { return time.Now(), nil }, func(now time.Time) bool {
		return now.After(run.Status.StartTime.Add(8*time.Second)) && now.After(other.Status.StartTime.Add(8*time.Second))
	})
	s.revive()
	if _, err := webhook.Restart(); err != nil {
		s.Error(err)
	}
	s.finishes(run, "True/Approved")
	s.finishes(other, "False/CustomRunTimedOut")
	s.ends(decided, "Succeeded")
	s.ends(undecided, "Failed")
}

func apiServerRestarted(s *story) {
	s.upset = true
	pr := s.start(oneGate)
	run, req := s.gate(pr, "gate")
	// The port of a server that was killed may be taken for a moment longer.
	eventually(s, "API server", func(ctx context.Context) (bool, error) { return true, world.RestartAPIServer(ctx) }, func(ok bool) bool { return ok })
	eventually(s, "decision", func(context.Context) (*v1alpha1.ApprovalDecision, error) {
		return s.tryDecide("alice", req, v1alpha1.DecisionApprove)
	}, func(d *v1alpha1.ApprovalDecision) bool { return d != nil })
	s.finishes(run, "True/Approved")
	s.ends(pr, "Succeeded")
	// And one that begins after it.
	pr = s.startNamed("after", oneGate)
	_, req = s.gate(pr, "gate")
	s.decide("alice", req, v1alpha1.DecisionApprove)
	s.ends(pr, "Succeeded")
}

// shortLeases lets a killed leader be missed for a shorter time, and the story be told
// in less.
func (s *story) shortLeases() {
	s.Helper()
	configs := s.admin.kube.CoreV1().ConfigMaps(systemNamespace)
	installed, err := configs.Get(s.Context(), "config-leader-election-controller", metav1.GetOptions{})
	s.must(err)
	restart := func(ctx context.Context, data map[string]string) {
		patch, err := json.Marshal(map[string]any{"data": data})
		s.must(err)
		_, err = configs.Patch(ctx, installed.Name, types.MergePatchType, patch, metav1.PatchOptions{})
		s.must(err)
		for n := range replicas {
			s.must(replica(s, n).Stop(ctx))
		}
		s.revive()
	}
	s.Cleanup(func() { restart(context.WithoutCancel(s.Context()), installed.Data) })
	restart(s.Context(), map[string]string{"lease-duration": "4s", "renew-deadline": "3s", "retry-period": "1s"})
}

const (
	crowd    = 30
	killings = 8
)

func killedAtRandom(s *story) {
	s.Cleanup(s.revive)
	s.shortLeases()
	var all []*pipelinev1.PipelineRun
	for i := range crowd {
		all = append(all, s.startNamed(fmt.Sprintf("crowd-%02d", i), `
timeouts: {pipeline: 10m}
pipelineSpec:
  tasks:
  - name: gate
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval}
    params: [{name: approvers, value: [alice, bob]}, {name: numberOfApprovalsRequired, value: "2"}]
  - name: soak
    runAfter: [gate]
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Pause}
    params: [{name: duration, value: 2s}]
  - name: again
    runAfter: [soak]
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval}
    params: [{name: approvers, value: [carol]}]
`))
	}
	ctx, cancel := context.WithCancel(s.Context())
	var group sync.WaitGroup
	group.Go(func() { s.killAtRandom(ctx) })
	group.Go(func() { s.decideAll(ctx) })
	for i, pr := range all {
		want := "Succeeded"
		if rejects(i) {
			want = "Failed"
		}
		s.pipelineRunSlowly(pr)
		s.ends(pr, want)
	}
	cancel()
	group.Wait()
	s.revive()
	s.everyDecisionOnce()
}

// rejects: every fifth is rejected.
func rejects(i int) bool { return i%5 == 0 }

// pipelineRunSlowly waits longer than other stories do.
func (s *story) pipelineRunSlowly(pr *pipelinev1.PipelineRun) {
	s.Helper()
	for range 3 {
		if now, err := s.admin.tekton.TektonV1().PipelineRuns(s.namespace).Get(s.Context(), pr.Name, metav1.GetOptions{}); err == nil && now.IsDone() {
			return
		}
		s.waitQuietly(pr)
	}
}

func (s *story) waitQuietly(pr *pipelinev1.PipelineRun) {
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	watch, err := s.admin.tekton.TektonV1().PipelineRuns(s.namespace).Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=" + pr.Name})
	if err != nil {
		return
	}
	defer watch.Stop()
	for e := range watch.ResultChan() {
		if now, ok := e.Object.(*pipelinev1.PipelineRun); ok && now.IsDone() {
			return
		}
	}
}

// killAtRandom kills one replica after the other, and lets it come back.
func (s *story) killAtRandom(ctx context.Context) {
	for i := range killings {
		pause := time.NewTimer(time.Duration(1000+rand.IntN(3000)) * time.Millisecond)
		select {
		case <-ctx.Done():
			pause.Stop()
			s.Logf("%d killings", i)
			return
		case <-pause.C:
		}
		p := replica(s, rand.IntN(replicas))
		if err := p.Kill(); err != nil {
			s.Error(err)
		}
		if _, err := p.Restart(); err != nil {
			s.Error(err)
		}
	}
	s.Logf("%d killings", killings)
}

// decideAll lets everybody decide about each request as it appears, some of them twice.
func (s *story) decideAll(ctx context.Context) {
	done := map[types.UID]bool{}
	_ = wait.PollUntilContextCancel(ctx, 200*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		all, err := s.requests(ctx)
		if err != nil {
			return false, nil //nolint:nilerr // asked again
		}
		for i := range all {
			if req := &all[i]; !done[req.UID] && req.Spec.Gate.Kind == v1alpha1.ApprovalKind {
				done[req.UID] = true
				s.everybodyDecides(req)
			}
		}
		return false, nil
	})
}

func (s *story) everybodyDecides(req *v1alpha1.ApprovalRequest) {
	what, number := v1alpha1.DecisionApprove, 0
	if _, err := fmt.Sscanf(req.Spec.Subject.PipelineRun, "crowd-%d", &number); err != nil {
		s.Error(err)
	}
	if req.Spec.Subject.PipelineTask == "again" && rejects(number) {
		what = v1alpha1.DecisionReject
	}
	for _, who := range []string{"alice", "carol", "alice", "bob"} {
		if _, err := s.tryDecide(who, req, what); err != nil {
			s.Errorf("%s: %v", who, err)
		}
	}
}

// everyDecisionOnce: each decision is in one ledger, once, and in that of its request.
func (s *story) everyDecisionOnce() {
	s.Helper()
	list, err := s.admin.corbel.CorbelV1alpha1().ApprovalDecisions(s.namespace).List(s.Context(), metav1.ListOptions{})
	s.must(err)
	if want := 4 * 2 * crowd; len(list.Items) != want {
		s.Errorf("want %d decisions, got %d", want, len(list.Items))
	}
	eventually(s, "ledgers", s.requests, func(all []v1alpha1.ApprovalRequest) bool {
		entered := 0
		for _, req := range all {
			entered += len(req.Status.Decisions)
		}
		return entered >= len(list.Items)
	})
	entries := map[types.UID][]string{}
	for _, req := range must(s.requests(s.Context()))(s) {
		if !req.Status.Phase.Final() {
			s.Errorf("%s is %s", req.Name, req.Status.Phase)
		}
		for _, e := range req.Status.Decisions {
			entries[e.UID] = append(entries[e.UID], req.Name)
		}
	}
	for _, d := range list.Items {
		if in := entries[d.UID]; len(in) != 1 || in[0] != d.Spec.Request.Name {
			s.Errorf("the decision %s about %s is in %v", d.Name, d.Spec.Request.Name, in)
		}
	}
}
