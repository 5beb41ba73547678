package gatekind

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

func TestNameIsTheAttemptsOwn(t *testing.T) {
	subject := func(uid string, attempt int32) v1alpha1.RequestSubject {
		return v1alpha1.RequestSubject{CustomRun: "run", UID: types.UID(uid), Attempt: attempt}
	}
	if again := subject("a", 1); Name(subject("a", 1)) != Name(again) {
		t.Error("the name of one attempt changes")
	}
	if Name(subject("a", 1)) == Name(subject("a", 2)) || Name(subject("a", 1)) == Name(subject("b", 1)) {
		t.Error("two attempts share a name")
	}
	long := v1alpha1.RequestSubject{CustomRun: strings.Repeat("x", 63), UID: "a", Attempt: 1}
	if n := Name(long); len(n) > 63 {
		t.Errorf("name %q is longer than a label", n)
	}
}
