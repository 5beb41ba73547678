package runner

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
)

// FrameType says what a frame of an attach stream holds.
type FrameType byte

// Types of frames. A stream is Marker, then for each step Step, Data..., StepEnd, and
// at the end one of Result and Lost. An Alive may come between any two.
const (
	// FrameStep opens a step: StepOpen as JSON.
	FrameStep FrameType = 'S'
	// FrameData is 8 bytes of offset and bytes of the log.
	FrameData FrameType = 'D'
	// FrameStepEnd closes a step, after its last byte: StepResult as JSON.
	FrameStepEnd FrameType = 'E'
	// FrameResult is the last of a build that ended: Result as JSON.
	FrameResult FrameType = 'R'
	// FrameLost is the last of a stream that cannot go on: Refusal as JSON.
	FrameLost FrameType = 'X'
	// FrameAlive answers one renewal.
	FrameAlive FrameType = 'A'
)

const (
	frameHeader = 5
	offsetBytes = 8
	// MaxFrame bounds the payload of a frame.
	MaxFrame = 256 << 10
)

// StepOpen says from where a step's log follows.
type StepOpen struct {
	Step   string `json:"step"`
	Offset int64  `json:"offset"`
}

// Frame is one frame of an attach stream.
type Frame struct {
	Type    FrameType
	Payload []byte
}

// Data gives the offset and the bytes of a FrameData.
func (f Frame) Data() (int64, []byte, error) {
	if f.Type != FrameData || len(f.Payload) < offsetBytes {
		return 0, nil, fmt.Errorf("frame %q of %d bytes holds no data", f.Type, len(f.Payload))
	}
	//nolint:gosec // A negative offset is one that nobody expects, and is refused as such.
	return int64(binary.BigEndian.Uint64(f.Payload)), f.Payload[offsetBytes:], nil
}

// WriteFrame writes a frame whose payload is JSON.
func WriteFrame(w io.Writer, t FrameType, value any) error {
	var payload []byte
	if value != nil {
		var err error
		if payload, err = json.Marshal(value); err != nil {
			return fmt.Errorf("encode frame: %w", err)
		}
	}
	return writeFrame(w, t, payload)
}

// WriteData writes a FrameData.
func WriteData(w io.Writer, offset int64, data []byte) error {
	payload := make([]byte, offsetBytes, offsetBytes+len(data))
	binary.BigEndian.PutUint64(payload, uint64(offset)) //nolint:gosec // Offsets are not negative.
	return writeFrame(w, FrameData, append(payload, data...))
}

func writeFrame(w io.Writer, t FrameType, payload []byte) error {
	if len(payload) > MaxFrame {
		return fmt.Errorf("a frame of %d bytes is too large", len(payload))
	}
	frame := make([]byte, frameHeader, frameHeader+len(payload))
	frame[0] = byte(t)
	binary.BigEndian.PutUint32(frame[1:], uint32(len(payload))) //nolint:gosec // At most MaxFrame.
	_, err := w.Write(append(frame, payload...))
	return err
}

// ReadFrame reads the next frame. A clean end between frames is io.EOF.
func ReadFrame(r *bufio.Reader) (Frame, error) {
	var header [frameHeader]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return Frame{}, err
	}
	size := binary.BigEndian.Uint32(header[1:])
	if size > MaxFrame {
		return Frame{}, fmt.Errorf("a frame of %d bytes is too large", size)
	}
	payload := make([]byte, size)
	if _, err := io.ReadFull(r, payload); err != nil {
		return Frame{}, io.ErrUnexpectedEOF
	}
	return Frame{Type: FrameType(header[0]), Payload: payload}, nil
}
