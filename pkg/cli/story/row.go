package story

import (
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/cli/output"
)

const cellLimit = 60

// Columns chooses the columns of a list.
type Columns struct {
	Namespace, Wide bool
}

// Header names the columns.
func (c Columns) Header() []string {
	return c.pick("NAMESPACE",
		[]string{"NAME", "GATE", "PIPELINERUN", "TASK", "STATUS", "HAVE/NEED", "WAITING FOR", "AGE"},
		[]string{"CUSTOMRUN", "DEADLINE", "DESCRIPTION"})
}

// Row tells one request in a line of a list.
func (c Columns) Row(r *v1alpha1.ApprovalRequest, now time.Time) []string {
	limit := cellLimit
	if c.Wide {
		limit = 1024
	}
	deadline := ""
	if r.Spec.Deadline != nil {
		deadline = stamp(*r.Spec.Deadline)
	}
	return c.pick(r.Namespace,
		[]string{
			r.Name, Gate(r), r.Spec.Subject.PipelineRun, r.Spec.Subject.PipelineTask,
			string(Phase(r)), Progress(r), output.Short(waitingFor(r), limit), age(r, now),
		},
		[]string{r.Spec.Subject.CustomRun, deadline, output.Short(r.Spec.Description, cellLimit)})
}

func (c Columns) pick(namespace string, always, wide []string) []string {
	var row []string
	if c.Namespace {
		row = append(row, namespace)
	}
	row = append(row, always...)
	if c.Wide {
		row = append(row, wide...)
	}
	return row
}

func age(r *v1alpha1.ApprovalRequest, now time.Time) string {
	if r.CreationTimestamp.IsZero() {
		return ""
	}
	return duration.HumanDuration(now.Sub(r.CreationTimestamp.Time))
}
