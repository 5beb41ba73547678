package customrun

// Reasons that the kernel itself gives, besides Tekton's own (Started, Running,
// Succeeded, Failed, CustomRunCancelled, CustomRunTimedOut,
// CustomRunWorkspaceNotSupported).
const (
	// ReasonInvalidTimeout is a negative or huge timeout.
	ReasonInvalidTimeout = "InvalidTimeout"
	// ReasonInvalidParams is an unknown, missing or ill-typed parameter.
	ReasonInvalidParams = "InvalidParams"
	// ReasonInvalidSpec is an embedded spec that does not parse.
	ReasonInvalidSpec = "InvalidSpec"
	// ReasonNotFound is a definition that does not exist.
	ReasonNotFound = "DefinitionNotFound"
	// ReasonRetrying is an attempt that failed and is followed by another.
	ReasonRetrying = "Retrying"
	// ReasonResultsTooLarge is a run whose results do not fit into its status.
	ReasonResultsTooLarge = "ResultsTooLarge"
)
