package v1alpha1

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func duration(d time.Duration) *metav1.Duration { return &metav1.Duration{Duration: d} }

func TestApprovalValidation(t *testing.T) {
	many := make([]string, 101)
	for i := range many {
		many[i] = strings.Repeat("u", i+1)
	}
	for name, test := range map[string]struct {
		spec  ApprovalSpec
		words []string // none: it is valid
	}{
		"the zero value":                     {ApprovalSpec{}, nil},
		"no bound":                           {ApprovalSpec{Timeout: duration(0)}, nil},
		"366 days":                           {ApprovalSpec{Timeout: duration(8784 * time.Hour)}, nil},
		"more required than users, a group":  {ApprovalSpec{Rules: []ApprovalRule{{Users: []string{"a"}, Groups: []string{"Domain Admins"}, Required: 3}}}, nil},
		"nobody named, two required":         {ApprovalSpec{Rules: []ApprovalRule{{Required: 2}}}, nil},
		"more required than users, no group": {ApprovalSpec{Rules: []ApprovalRule{{Users: []string{"a", "b"}, Required: 3}}}, []string{"spec.rules[0].required", "lower required or add users"}},
		"a negative number required":         {ApprovalSpec{Rules: []ApprovalRule{{Required: -1}}}, []string{"spec.rules[0].required"}},
		"101 required":                       {ApprovalSpec{Rules: []ApprovalRule{{Required: 101}}}, []string{"spec.rules[0].required"}},
		"an empty user":                      {ApprovalSpec{Rules: []ApprovalRule{{Users: []string{"a", ""}}}}, []string{"spec.rules[0].users[1]", "empty"}},
		"a user twice":                       {ApprovalSpec{Rules: []ApprovalRule{{}, {Users: []string{"a", "a"}}}}, []string{"spec.rules[1].users[1]", `"a" is listed twice; remove one`}},
		"a long group":                       {ApprovalSpec{Rules: []ApprovalRule{{Groups: []string{strings.Repeat("g", 257)}}}}, []string{"spec.rules[0].groups[0]", "longer than 256"}},
		"a long rule name":                   {ApprovalSpec{Rules: []ApprovalRule{{Name: strings.Repeat("n", 64)}}}, []string{"spec.rules[0].name", "longer than 63"}},
		"too many users":                     {ApprovalSpec{Rules: []ApprovalRule{{Users: many}}}, []string{"spec.rules[0].users", "101 entries; at most 100"}},
		"too many rules":                     {ApprovalSpec{Rules: make([]ApprovalRule, 17)}, []string{"spec.rules", "17 entries; at most 16"}},
		"a negative timeout":                 {ApprovalSpec{Timeout: duration(-time.Second)}, []string{"spec.timeout", "timeout is negative; use"}},
		"a timeout of over a year":           {ApprovalSpec{Timeout: duration(8785 * time.Hour)}, []string{"spec.timeout", "over 8784h"}},
		"an unknown outcome":                 {ApprovalSpec{OnReject: "Skip"}, []string{"spec.onReject", "use Fail or Continue"}},
		"an unknown outcome of the end":      {ApprovalSpec{OnTimeout: "fail"}, []string{"spec.onTimeout", "use Fail or Continue"}},
		"a long description":                 {ApprovalSpec{Description: strings.Repeat("ä", 4097)}, []string{"spec.description", "longer than 4096"}},
	} {
		t.Run(name, func(t *testing.T) {
			approval := &Approval{Spec: test.spec}
			approval.SetDefaults(t.Context())
			checkError(t, approval.Validate(t.Context()), test.words)
		})
	}
}

func TestPauseValidation(t *testing.T) {
	past := metav1.NewTime(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))
	for name, test := range map[string]struct {
		spec  PauseSpec
		words []string // none: it is valid
	}{
		"the zero value":           {PauseSpec{}, nil},
		"half an hour":             {PauseSpec{Duration: duration(30 * time.Minute), Timeout: duration(time.Hour)}, nil},
		"until a past moment":      {PauseSpec{Until: &past}, nil},
		"for and until":            {PauseSpec{Duration: duration(time.Hour), Until: &past}, []string{"spec.duration", "spec.until", "remove one"}},
		"no duration":              {PauseSpec{Duration: duration(0)}, []string{"spec.duration", "must be positive"}},
		"a negative duration":      {PauseSpec{Duration: duration(-time.Hour)}, []string{"spec.duration", "must be positive"}},
		"over a year":              {PauseSpec{Duration: duration(9000 * time.Hour)}, []string{"spec.duration", "over 8784h"}},
		"a negative timeout":       {PauseSpec{Timeout: duration(-1)}, []string{"spec.timeout", "timeout is negative"}},
		"a timeout of over a year": {PauseSpec{Timeout: duration(9000 * time.Hour)}, []string{"spec.timeout", "over 8784h"}},
		"a long description":       {PauseSpec{Description: strings.Repeat("x", 4097)}, []string{"spec.description"}},
	} {
		t.Run(name, func(t *testing.T) {
			pause := &Pause{Spec: test.spec}
			pause.SetDefaults(t.Context())
			checkError(t, pause.Validate(t.Context()), test.words)
		})
	}
}

func checkError(t *testing.T, got interface{ Error() string }, words []string) {
	t.Helper()
	said := got.Error()
	if (said == "") != (len(words) == 0) {
		t.Errorf("got %q, want an error that says %q", said, words)
	}
	for _, word := range words {
		if !strings.Contains(said, word) {
			t.Errorf("the error does not say %q: %s", word, said)
		}
	}
}
