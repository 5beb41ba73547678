package admission_test

import (
	"fmt"
	"slices"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

const identityPolicy = "corbel-decision-identity"

func TestADeciderIsWhoTheAPIServerKnows(t *testing.T) {
	ns := namespace(t)
	request := openGate(t, ns, "sign-off", approvalGate)
	for _, name := range []string{"alice", "mallory", "dana"} {
		bindRole(t, ns, name, "corbel-approver")
	}
	alice := user(t, "alice", "release", "ops")
	mallory := user(t, "mallory", "interns")
	strange := []string{"oidc:devs", "Domain Admins", "cn=ops,ou=people"}
	dana := user(t, "dana", strange...)

	for name, test := range map[string]struct {
		who   actor
		vote  *v1alpha1.ApprovalDecision
		words []string // none: it is let in
	}{
		"a user decides in her own name":          {alice, vote(request, "alice"), nil},
		"a user claims some of her groups":        {alice, vote(request, "alice", "ops"), nil},
		"a user claims all of her groups":         {alice, vote(request, "alice", "release", "ops", "system:authenticated"), nil},
		"group names have colons and spaces":      {dana, vote(request, "dana", strange...), nil},
		"a user decides in the name of another":   {mallory, vote(request, "alice"), []string{identityPolicy, "spec.decider.username", "is alice but you are mallory", "leave spec.decider out"}},
		"a user claims a group that is not hers":  {mallory, vote(request, "mallory", "release"), []string{identityPolicy, "spec.decider.groups", "mallory is not in release", "kubectl auth whoami"}},
		"a user hides a foreign group among hers": {alice, vote(request, "alice", "ops", "security", "release"), []string{identityPolicy, "spec.decider.groups", "alice is not in security"}},
		"a user claims another name's case":       {alice, vote(request, "Alice"), []string{identityPolicy, "spec.decider.username"}},
		"a user claims to be a system group":      {mallory, vote(request, "mallory", "system:masters"), []string{identityPolicy, "spec.decider.groups"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := cast(t, test.who, ns, test.vote)
			if test.words == nil {
				accepted(t, err)
				return
			}
			refused(t, err, test.words...)
		})
	}
}

func TestAMachineDecidesWithAPermitForMachines(t *testing.T) {
	ns := namespace(t)
	request := openGate(t, ns, "sign-off", approvalGate)
	pause := openGate(t, ns, "hold", pauseGate)
	robot := func(name string) (actor, string) {
		return serviceAccount(t, ns, name), "system:serviceaccount:" + ns + ":" + name
	}

	t.Run("a pipeline's ServiceAccount may create decisions and no more", func(t *testing.T) {
		who, name := robot("pipeline")
		allow(t, ns, name, "create approvaldecisions")
		_, err := cast(t, who, ns, vote(request, name))
		refused(t, err, identityPolicy, "spec.gate", "does not hold the verb approve on approvals.corbel.dev/production")
	})
	t.Run("a ServiceAccount holds the verb but not as a machine", func(t *testing.T) {
		who, name := robot("builder")
		bindRole(t, ns, name, "corbel-approver")
		_, err := cast(t, who, ns, vote(request, name))
		refused(t, err, identityPolicy, "spec.gate", "is a ServiceAccount", "approve-as-machine on approvals.corbel.dev/production")
	})
	t.Run("a ServiceAccount holds the machine verb alone", func(t *testing.T) {
		who, name := robot("half")
		allow(t, ns, name, "create approvaldecisions")
		allow(t, ns, name, "approve-as-machine approvals", "production")
		_, err := cast(t, who, ns, vote(request, name))
		refused(t, err, identityPolicy, "spec.gate")
	})
	t.Run("a ServiceAccount holds both verbs", func(t *testing.T) {
		who, name := robot("scanner")
		bindRole(t, ns, name, "corbel-approver")
		allow(t, ns, name, "approve-as-machine approvals", "production")
		_, err := cast(t, who, ns, vote(request, name))
		accepted(t, err)
	})
	t.Run("a ServiceAccount decides in a person's name", func(t *testing.T) {
		who, name := robot("scanner")
		bindRole(t, ns, name, "corbel-approver")
		allow(t, ns, name, "approve-as-machine approvals", "production")
		_, err := cast(t, who, ns, vote(request, "alice"))
		refused(t, err, identityPolicy, "spec.decider.username")
	})
	t.Run("a ServiceAccount resumes without the machine verb", func(t *testing.T) {
		who, name := robot("sleeper")
		bindRole(t, ns, name, "corbel-resumer")
		_, err := cast(t, who, ns, vote(pause, name))
		refused(t, err, identityPolicy, "resume-as-machine on pauses.corbel.dev/night")
	})
}

func TestWhoIsNeitherPersonNorMachineDoesNotDecide(t *testing.T) {
	ns := namespace(t)
	request := openGate(t, ns, "sign-off", approvalGate)
	t.Run("a node holds the verb", func(t *testing.T) {
		const name = "system:node:worker-1"
		bindRole(t, ns, name, "corbel-approver")
		_, err := cast(t, user(t, name, "system:nodes"), ns, vote(request, name))
		refused(t, err, identityPolicy, "spec.decider", "neither a person nor a ServiceAccount")
	})
	t.Run("nobody in particular holds the verb", func(t *testing.T) {
		const name = "system:anonymous"
		bindRole(t, ns, name, "corbel-approver")
		_, err := cast(t, anonymous(t), ns, vote(request, name))
		refused(t, err, identityPolicy, "spec.decider", "log in as yourself")
	})
}

func TestADecisionTakesTheVerbOnItsGate(t *testing.T) {
	ns := namespace(t)
	production := openGate(t, ns, "sign-off", approvalGate)
	staging := openGate(t, ns, "try-out", v1alpha1.GateReference{Kind: v1alpha1.ApprovalKind, Name: "staging"})
	night := openGate(t, ns, "hold", pauseGate)
	embedded := openGate(t, ns, "ad-hoc", embeddedGate)
	embeddedPause := openGate(t, ns, "short-hold", v1alpha1.GateReference{Kind: v1alpha1.PauseKind})

	for name, test := range map[string]struct {
		verb, resource string
		names          []string
		request        *v1alpha1.ApprovalRequest
		words          []string // none: it is let in
	}{
		"no verb at all":                                      {"get", "approvals", nil, production, []string{"spec.gate", "does not hold the verb approve on approvals.corbel.dev/production", "--verb=approve --resource=approvals.corbel.dev --resource-name=production"}},
		"the verb on this gate":                               {"approve", "approvals", []string{"production"}, production, nil},
		"the verb on another gate only":                       {"approve", "approvals", []string{"staging"}, production, []string{"spec.gate", "approvals.corbel.dev/production"}},
		"the verb on that other gate":                         {"approve", "approvals", []string{"staging"}, staging, nil},
		"the verb on the request, where there is a gate":      {"approve", "approvalrequests", nil, production, []string{"spec.gate", "approvals.corbel.dev/production"}},
		"a gate without definition, the verb on approvals":    {"approve", "approvals", nil, embedded, []string{"spec.gate", "verb approve on approvalrequests.corbel.dev/ad-hoc"}},
		"a gate without definition, the verb on its request":  {"approve", "approvalrequests", []string{"ad-hoc"}, embedded, nil},
		"a gate without definition, the verb on another":      {"approve", "approvalrequests", []string{"other"}, embedded, []string{"spec.gate", "approvalrequests.corbel.dev/ad-hoc"}},
		"a Pause, the verb approve":                           {"approve", "pauses", nil, night, []string{"spec.gate", "verb resume on pauses.corbel.dev/night"}},
		"a Pause, the verb resume on another":                 {"resume", "pauses", []string{"day"}, night, []string{"spec.gate", "pauses.corbel.dev/night"}},
		"a Pause, the verb resume on it":                      {"resume", "pauses", []string{"night"}, night, nil},
		"a Pause without definition, the verb on pauses":      {"resume", "pauses", nil, embeddedPause, []string{"spec.gate", "verb resume on approvalrequests.corbel.dev/short-hold"}},
		"a Pause without definition, the verb on its request": {"resume", "approvalrequests", []string{"short-hold"}, embeddedPause, nil},
		"the permit to update the gate is no permit to open":  {"update", "approvals", nil, production, []string{"spec.gate", "verb approve"}},
	} {
		t.Run(name, func(t *testing.T) {
			who := "user of " + name
			allow(t, ns, who, "create approvaldecisions")
			allow(t, ns, who, test.verb+" "+test.resource, test.names...)
			_, err := cast(t, user(t, who), ns, vote(test.request, who))
			if test.words == nil {
				accepted(t, err)
				return
			}
			refused(t, err, append(test.words, identityPolicy)...)
		})
	}
}

func TestTheVerbInOneNamespaceIsNoneInAnother(t *testing.T) {
	here, there := namespace(t), namespace(t)
	request := openGate(t, there, "sign-off", approvalGate)
	bindRole(t, here, "alice", "corbel-approver")
	allow(t, there, "alice", "create approvaldecisions")
	_, err := cast(t, user(t, "alice"), there, vote(request, "alice"))
	refused(t, err, identityPolicy, "in namespace "+there)
}

func TestADecisionFitsItsGate(t *testing.T) {
	ns := namespace(t)
	bindRole(t, ns, "alice", "corbel-approver")
	bindRole(t, ns, "alice", "corbel-resumer")
	alice := user(t, "alice")
	t.Run("a Pause is approved", func(t *testing.T) {
		decision := vote(openGate(t, ns, "hold", pauseGate), "alice")
		decision.Spec.Decision = v1alpha1.DecisionApprove
		_, err := cast(t, alice, ns, decision)
		refused(t, err, "spec", "an Approval takes Approve or Reject, a Pause takes Resume")
	})
	t.Run("an Approval is resumed", func(t *testing.T) {
		decision := vote(openGate(t, ns, "sign-off", approvalGate), "alice")
		decision.Spec.Decision = v1alpha1.DecisionResume
		_, err := cast(t, alice, ns, decision)
		refused(t, err, "spec", "an Approval takes Approve or Reject, a Pause takes Resume")
	})
}

func TestAMemberOfVeryManyGroups(t *testing.T) {
	ns := namespace(t)
	request := openGate(t, ns, "sign-off", approvalGate)
	bindRole(t, ns, "carol", "corbel-approver")
	cfg, err := world.RESTConfig()
	if err != nil {
		t.Fatal(err)
	}
	cfg.Impersonate = rest.ImpersonationConfig{UserName: "carol"}
	for i := range 1000 {
		cfg.Impersonate.Groups = append(cfg.Impersonate.Groups, fmt.Sprintf("cn=team-%d,ou=groups,dc=example,dc=com", i))
	}
	carol := newActor(t, cfg)
	t.Run("leaves the groups to the webhook", func(t *testing.T) {
		_, err := create(t, carol, ns, "ApprovalDecision", short)
		accepted(t, err)
	})
	t.Run("claims some of them", func(t *testing.T) {
		_, err := cast(t, carol, ns, vote(request, "carol", cfg.Impersonate.Groups[980:]...))
		accepted(t, err)
	})
	t.Run("claims one that is not hers", func(t *testing.T) {
		_, err := cast(t, carol, ns, vote(request, "carol", append(cfg.Impersonate.Groups[980:], "security")...))
		refused(t, err, identityPolicy, "carol is not in security")
	})
	t.Run("claims all of them in another order, which takes too long to check: that is no way in", func(t *testing.T) {
		reversed := slices.Clone(cfg.Impersonate.Groups)
		slices.Reverse(reversed)
		_, err := cast(t, carol, ns, vote(request, "carol", reversed...))
		refused(t, err, identityPolicy, "cost limit")
	})
}
