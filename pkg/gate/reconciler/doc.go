// Package reconciler keeps the ledgers of ApprovalRequests, and opens and closes
// requests for the kinds that need them.
package reconciler
