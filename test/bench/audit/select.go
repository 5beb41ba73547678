package audit

import (
	"cmp"
	"slices"
	"time"
)

// Match tells events apart; empty fields match all.
type Match struct {
	User        string
	Verb        string
	Resource    string
	Subresource string
	Namespace   string
}

// Of is true for an event that matches. A match without a subresource is for the
// object itself.
func (m Match) Of(e Event) bool {
	return (m.User == "" || m.User == e.User) &&
		(m.Verb == "" || m.Verb == e.Verb) &&
		(m.Namespace == "" || m.Namespace == e.Namespace) &&
		(m.Resource == "" || m.Resource == e.Resource && m.Subresource == e.Subresource)
}

// Select keeps the events that match and were answered with success.
func Select(events []Event, m Match) []Event {
	var out []Event
	for _, e := range events {
		if e.Done() && m.Of(e) {
			out = append(out, e)
		}
	}
	return out
}

// LastByName is, for each object, the last event by the time that it came in.
func LastByName(events []Event) map[string]Event {
	out := map[string]Event{}
	for _, e := range events {
		if last, ok := out[e.Name]; !ok || e.Received.After(last.Received) {
			out[e.Name] = e
		}
	}
	return out
}

// FirstAfter is, for each object, the first event that came in after the one of the
// same name.
func FirstAfter(events []Event, after map[string]Event) map[string]Event {
	out := map[string]Event{}
	for _, e := range events {
		begin, ok := after[e.Name]
		if !ok || !e.Received.After(begin.Received) {
			continue
		}
		if first, ok := out[e.Name]; !ok || e.Received.Before(first.Received) {
			out[e.Name] = e
		}
	}
	return out
}

// FirstReceived is the earliest time that one of the events came in.
func FirstReceived(events []Event) time.Time {
	if len(events) == 0 {
		return time.Time{}
	}
	return slices.MinFunc(events, func(a, b Event) int { return a.Received.Compare(b.Received) }).Received
}

// LastAnswered is the latest time that one of the events was answered.
func LastAnswered(events []Event) time.Time {
	if len(events) == 0 {
		return time.Time{}
	}
	return slices.MaxFunc(events, func(a, b Event) int { return a.Answered.Compare(b.Answered) }).Answered
}

// LastReceived is the latest time that one of the events came in.
func LastReceived(events []Event) time.Time {
	if len(events) == 0 {
		return time.Time{}
	}
	return slices.MaxFunc(events, func(a, b Event) int { return a.Received.Compare(b.Received) }).Received
}

// Count is how often one kind of request was made, and with which code.
type Count struct {
	What string `json:"what"`
	Code int    `json:"code"`
	N    int    `json:"n"`
}

// CountOf counts the requests of one user by verb, resource and code, most frequent
// first. Leases and watches are left out: they cost the same however many gates wait.
func CountOf(events []Event, user string) []Count {
	type key struct {
		what string
		code int
	}
	counts := map[key]int{}
	for _, e := range events {
		if e.User == user && !Standing(e) {
			counts[key{e.What(), e.Code}]++
		}
	}
	var out []Count
	for k, n := range counts {
		out = append(out, Count{What: k.what, Code: k.code, N: n})
	}
	slices.SortFunc(out, func(a, b Count) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.What, b.What), cmp.Compare(a.Code, b.Code))
	})
	return out
}

// Standing is true for what a controller does however many gates wait: leader
// election and watches.
func Standing(e Event) bool { return e.Resource == "leases" || e.Verb == "watch" }
