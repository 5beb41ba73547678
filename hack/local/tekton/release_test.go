package tekton_test

import (
	"slices"
	"testing"

	"github.com/corbel-dev/corbel/hack/local/manifest"
	"github.com/corbel-dev/corbel/hack/local/tekton"
)

func TestReleasesHaveTheirPrograms(t *testing.T) {
	for name, test := range map[string]struct {
		release tekton.Release
		want    []string
	}{
		"Pipelines": {tekton.Pipelines(), []string{
			"tekton-pipelines-controller", "tekton-pipelines-webhook", "tekton-events-controller", "tekton-pipelines-remote-resolvers",
		}},
		"Triggers": {tekton.Triggers(), []string{
			"tekton-triggers-controller", "tekton-triggers-webhook", "tekton-triggers-core-interceptors",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			objects, err := test.release.Objects(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			deployments, _ := manifest.Split(objects, "Deployment")
			var got []string
			for _, d := range deployments {
				got = append(got, d.GetName())
				if v := d.GetLabels()["app.kubernetes.io/version"]; v == "devel" {
					t.Errorf("%s carries no version", d.GetName())
				}
			}
			for _, want := range append(test.want, test.release.Late) {
				if want != "" && !slices.Contains(got, want) {
					t.Errorf("no %s among %v", want, got)
				}
			}
			if len(got) != len(test.want) {
				t.Errorf("Deployments %v, want %v", got, test.want)
			}
		})
	}
}
