package story

import (
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// gateField is how the admission policy begins a sentence about a verb.
const gateField = "spec.gate:"

// noField is what the API server calls the field of a remark.
const noField = "<nil>"

// Refusal turns the API server's answer to a decision into a sentence with the
// way to mend it. Other errors pass.
func Refusal(err error, q Question) error {
	if !apierrors.IsForbidden(err) && !apierrors.IsInvalid(err) && !apierrors.IsBadRequest(err) {
		return err
	}
	message := err.Error()
	if rest, ok := policyMessage(message); ok {
		if strings.HasPrefix(rest, gateField) {
			rest += "; check: " + q.CanI()
		}
		return fmt.Errorf("the decision was refused: %s", rest)
	}
	if apierrors.IsForbidden(err) {
		return fmt.Errorf("the decision was refused: you may not create ApprovalDecisions in namespace %s; check: %s",
			q.Namespace, "kubectl auth can-i create approvaldecisions.corbel.dev -n "+q.Namespace)
	}
	return fmt.Errorf("the decision was refused: %s", invalidMessage(err))
}

// NotServed tells whether the API server does not know the API, rather than the object.
func NotServed(err error) bool {
	return apierrors.IsNotFound(err) && apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse)
}

// policyMessage finds what an admission policy or a webhook of ours said.
func policyMessage(message string) (string, bool) {
	for _, marker := range []string{"denied request: ", "denied the request: "} {
		if _, rest, ok := strings.Cut(message, marker); ok {
			return strings.TrimSuffix(name(rest), "."), true
		}
	}
	return "", false
}

// invalidMessage lists the causes of an Invalid answer, without the object's name.
func invalidMessage(err error) string {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil || len(status.Status().Details.Causes) == 0 {
		return name(err.Error())
	}
	var parts []string
	for _, c := range status.Status().Details.Causes {
		if c.Field == noField {
			continue // a remark about the check, not about the object
		}
		parts = append(parts, name(c.Field+": "+c.Message))
	}
	return strings.Join(parts, "; ")
}
