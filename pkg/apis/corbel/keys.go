package corbel

// Labels that Corbel's controllers set on the objects that they make.
const (
	// LabelRequest names the ApprovalRequest that an ApprovalDecision answers.
	LabelRequest = GroupName + "/request"
	// LabelGate names the Approval or Pause that an ApprovalRequest was opened for.
	LabelGate = GroupName + "/gate"
	// LabelGateKind is the kind of that definition: Approval or Pause.
	LabelGateKind = GroupName + "/gate-kind"
)

// Virtual verbs. They are granted by RBAC like any verb and checked by admission.
const (
	// VerbApprove lets a person decide about an Approval.
	VerbApprove = "approve"
	// VerbResume lets a person end a Pause.
	VerbResume = "resume"
	// VerbApproveAsMachine lets a ServiceAccount, which also needs VerbApprove, decide about an Approval.
	VerbApproveAsMachine = "approve-as-machine"
	// VerbResumeAsMachine lets a ServiceAccount, which also needs VerbResume, end a Pause.
	VerbResumeAsMachine = "resume-as-machine"
)
