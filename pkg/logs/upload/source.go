package upload

import (
	"context"
	"io"
)

// State is how far a source is.
type State struct {
	// Size is how many bytes there are. It never gets smaller.
	Size int64
	// Finished tells that there will be no more.
	Finished bool
	// SHA256 of all bytes, in hexadecimal, of a finished source. A source that does
	// not know leaves it empty: then it is read once more, and the digest is made.
	SHA256 string
}

// Source is a log that grows. Its calls may come at the same time as one another.
type Source interface {
	// ReadAt reads bytes that are there: below State.Size.
	io.ReaderAt
	// State tells how far the source is. It honours ctx.
	State(ctx context.Context) (State, error)
	// Wait returns once the state may differ from seen, or with the error of ctx.
	Wait(ctx context.Context, seen State) error
}
