// Package gates is what the commands ask of the API server about gates: who the
// caller is and what he may do, which request a name means, how requests
// change, and the one write, an ApprovalDecision. It writes nothing else and
// prints nothing.
package gates
