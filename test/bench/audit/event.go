package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// Event is one request that was answered.
type Event struct {
	User        string
	Verb        string
	Resource    string
	Subresource string
	Namespace   string
	Name        string
	Code        int
	// Received is when the request came in.
	Received time.Time
	// Answered is when its answer was complete.
	Answered time.Time
}

// What is the verb and the resource: "update customruns/status".
func (e Event) What() string {
	if e.Subresource == "" {
		return e.Verb + " " + e.Resource
	}
	return e.Verb + " " + e.Resource + "/" + e.Subresource
}

// Done is true for a request that was answered with success.
func (e Event) Done() bool { return e.Code >= 200 && e.Code < 300 }

// answered marks the lines of requests that are over; the others say nothing more.
var answered = []byte(`"stage":"ResponseComplete"`)

type line struct {
	Verb string `json:"verb"`
	User struct {
		Username string `json:"username"`
	} `json:"user"`
	ObjectRef struct {
		Resource    string `json:"resource"`
		Subresource string `json:"subresource"`
		Namespace   string `json:"namespace"`
		Name        string `json:"name"`
	} `json:"objectRef"`
	ResponseStatus struct {
		Code int `json:"code"`
	} `json:"responseStatus"`
	Received time.Time `json:"requestReceivedTimestamp"`
	Stage    time.Time `json:"stageTimestamp"`
}

// parse reads one line; false for one that is of no interest.
func parse(raw []byte) (Event, bool, error) {
	if !bytes.Contains(raw, answered) {
		return Event{}, false, nil
	}
	var l line
	if err := json.Unmarshal(raw, &l); err != nil {
		return Event{}, false, fmt.Errorf("audit log: %w", err)
	}
	return Event{
		User:        l.User.Username,
		Verb:        l.Verb,
		Resource:    l.ObjectRef.Resource,
		Subresource: l.ObjectRef.Subresource,
		Namespace:   l.ObjectRef.Namespace,
		Name:        l.ObjectRef.Name,
		Code:        l.ResponseStatus.Code,
		Received:    l.Received,
		Answered:    l.Stage,
	}, true, nil
}
