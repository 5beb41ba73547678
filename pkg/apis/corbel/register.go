package corbel

import "k8s.io/apimachinery/pkg/runtime/schema"

// GroupName is the API group of every Corbel kind.
const GroupName = "corbel.dev"

// Resource names the plural resources that admission and RBAC speak of.
var (
	ApprovalResource         = schema.GroupResource{Group: GroupName, Resource: "approvals"}
	ApprovalRequestResource  = schema.GroupResource{Group: GroupName, Resource: "approvalrequests"}
	ApprovalDecisionResource = schema.GroupResource{Group: GroupName, Resource: "approvaldecisions"}
	PauseResource            = schema.GroupResource{Group: GroupName, Resource: "pauses"}
)
