// Package caller tells who calls the log service, by client certificate or by
// token, and asks the API server what the caller may do.
//
// What the API server says is kept for a few seconds, so that a page that polls
// does not become a review a poll. What it fails to say is not kept.
package caller
