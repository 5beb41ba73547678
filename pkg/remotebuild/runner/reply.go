package runner

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Marker begins all that the helper says. Login scripts may print in front of it.
const Marker = "corbel-runner/1 "

// ErrNoReply says that the output holds no answer of the helper.
var ErrNoReply = errors.New("no answer of corbel-runner in the output")

// Reply is the answer to all commands but attach: a value or a refusal.
type Reply struct {
	Error *RefusalError   `json:"error,omitempty"`
	Value json.RawMessage `json:"value,omitempty"`
}

// WriteReply writes the value, or the error as a refusal.
func WriteReply(w io.Writer, value any, err error) error {
	reply := Reply{}
	if err != nil {
		reply.Error = AsRefusal(err)
	} else {
		raw, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("encode reply: %w", err)
		}
		reply.Value = raw
	}
	line, err := json.Marshal(reply)
	if err != nil {
		return fmt.Errorf("encode reply: %w", err)
	}
	_, err = w.Write(append(append([]byte("\n"+Marker), line...), '\n'))
	return err
}

// AsRefusal makes any error one that can be sent.
func AsRefusal(err error) *RefusalError {
	if r, ok := errors.AsType[*RefusalError](err); ok {
		return r
	}
	return &RefusalError{Reason: ReasonInternal, Message: err.Error()}
}

// ReadReply finds the answer in the output and puts its value into value.
func ReadReply(output []byte, value any) error {
	at := bytes.LastIndex(output, []byte("\n"+Marker))
	if at < 0 {
		return ErrNoReply
	}
	line, _, _ := bytes.Cut(output[at+1+len(Marker):], []byte("\n"))
	var reply Reply
	if err := json.Unmarshal(line, &reply); err != nil {
		return fmt.Errorf("decode reply: %w", err)
	}
	if reply.Error != nil {
		return reply.Error
	}
	if err := json.Unmarshal(reply.Value, value); err != nil {
		return fmt.Errorf("decode reply: %w", err)
	}
	return nil
}
