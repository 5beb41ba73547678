package conformance

import (
	"maps"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// tale is what happens in one story, and the points of the contract that it shows.
type tale struct {
	points []int
	tell   func(s *story)
}

func TestConformance(t *testing.T) {
	bystander := begin(t)
	stranger := bystander.startRun("stranger", `customRef: {apiVersion: example.com/v1, kind: Wait, name: long}`)
	t.Run("side by side", func(t *testing.T) {
		for _, tales := range []map[string]tale{inputTales, cancelTales, timeTales, courseTales, voteTales, pipelineTales, traceTales} {
			for name, tale := range maps.All(tales) {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					tale.tell(begin(t, tale.points...))
				})
			}
		}
	})
	t.Run("with a blow", func(t *testing.T) {
		for _, tale := range blows {
			t.Run(tale.name, func(t *testing.T) { tale.tell(begin(t, tale.points...)) })
		}
	})
	t.Run("at the end, a run of others was never touched", func(t *testing.T) {
		shows(t, 1)
		client := bystander.admin
		now, err := client.tekton.TektonV1beta1().CustomRuns(bystander.namespace).Get(t.Context(), stranger.Name, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if now.ResourceVersion != stranger.ResourceVersion {
			t.Errorf("it was written: %+v", now)
		}
		found, err := client.kube.CoreV1().Events(bystander.namespace).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range found.Items {
			if ofCorbel(e) {
				t.Errorf("event %s: %s", e.Reason, e.Message)
			}
		}
	})
}
