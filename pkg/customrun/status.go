package customrun

import (
	"encoding/json"
	"sort"
	"strings"
	"time"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/pkg/apis"
)

// Bounds that keep a run well under what etcd takes.
const (
	maxMessage      = 1024
	maxResultsBytes = 256 << 10
	maxRunBytes     = 1 << 20
)

// begin starts an attempt in the status.
func begin(status *v1beta1.CustomRunStatus, at time.Time, reason, message string) {
	status.StartTime = &metav1.Time{Time: at.Truncate(time.Second)}
	status.CompletionTime = nil
	status.Results = nil
	status.ExtraFields.Raw = nil
	setCondition(status, corev1.ConditionUnknown, reason, message, at)
}

// setCondition writes the Succeeded condition. lastTransitionTime moves only when
// the condition's status does.
func setCondition(status *v1beta1.CustomRunStatus, value corev1.ConditionStatus, reason, message string, now time.Time) {
	message = strings.ToValidUTF8(message, "?")
	if len(message) > maxMessage {
		message = strings.ToValidUTF8(message[:maxMessage-3], "") + "..."
	}
	next := apis.Condition{
		Type:               apis.ConditionSucceeded,
		Status:             value,
		Reason:             reason,
		Message:            message,
		LastTransitionTime: apis.VolatileTime{Inner: metav1.Time{Time: now.Truncate(time.Second)}},
	}
	for i, c := range status.Conditions {
		if c.Type != apis.ConditionSucceeded {
			continue
		}
		if c.Status == value && !c.LastTransitionTime.Inner.IsZero() {
			next.LastTransitionTime = c.LastTransitionTime
		}
		status.Conditions[i] = next
		return
	}
	status.Conditions = append(status.Conditions, next)
	// Everybody reads the first condition; knative keeps them sorted by type.
	sort.SliceStable(status.Conditions, func(i, j int) bool { return status.Conditions[i].Type < status.Conditions[j].Type })
}

// condition reads the Succeeded condition; zero where there is none.
func condition(status *v1beta1.CustomRunStatus) apis.Condition {
	for _, c := range status.Conditions {
		if c.Type == apis.ConditionSucceeded {
			return c
		}
	}
	return apis.Condition{}
}

// finish ends a run for good.
func finish(status *v1beta1.CustomRunStatus, succeeded bool, v Verdict, now time.Time) {
	value := corev1.ConditionFalse
	if succeeded {
		value = corev1.ConditionTrue
	}
	at := metav1.Time{Time: now.Truncate(time.Second)}
	if status.StartTime == nil {
		status.StartTime = &at
	}
	if at.Before(status.StartTime) {
		at = *status.StartTime
	}
	status.Results = v.Results
	status.CompletionTime = &at
	setCondition(status, value, v.Reason, v.Message, now)
}

// retry files the attempt that failed and begins the next.
func retry(status *v1beta1.CustomRunStatus, rec record, v Verdict, now time.Time) error {
	past := *status.DeepCopy()
	past.RetriesStatus = nil
	v.Results = nil
	finish(&past, false, v, now)
	past.ExtraFields.Raw = nil
	status.RetriesStatus = append(status.RetriesStatus, past)
	begin(status, now, ReasonRetrying, v.Message)
	rec.State, rec.Timeout = nil, nil
	return writeRecord(status, rec)
}

// fits tells whether etcd takes the run, with some room for what others add to it.
func fits(run *v1beta1.CustomRun) bool {
	raw, err := json.Marshal(run)
	return err != nil || len(raw) <= maxRunBytes
}

func resultsSize(results []v1beta1.CustomRunResult) int {
	size := 0
	for _, r := range results {
		size += len(r.Name) + len(r.Value)
	}
	return size
}

// ListResult is a result that a pipeline reads as an array. Tekton takes the value
// for an array only when the list is not empty.
func ListResult(name string, values []string) v1beta1.CustomRunResult {
	if values == nil {
		values = []string{}
	}
	raw, err := json.Marshal(values)
	if err != nil { // strings always marshal
		raw = []byte("[]")
	}
	return v1beta1.CustomRunResult{Name: name, Value: string(raw)}
}
