package upload

import (
	"math/rand/v2"
	"time"
)

const (
	firstPause = 100 * time.Millisecond
	lastPause  = 30 * time.Second
)

// backoff doubles the time between two tries, up to a bound, and takes a random
// part off, at most a half, so that senders do not come back all at once.
type backoff struct {
	random func() float64
	pause  time.Duration
}

func (u *Uploader) newBackoff() *backoff {
	b := &backoff{random: u.Random}
	if b.random == nil {
		b.random = rand.Float64
	}
	b.reset()
	return b
}

func (b *backoff) reset() { b.pause = firstPause }

func (b *backoff) next() time.Duration {
	d := b.pause
	b.pause = min(2*d, lastPause)
	return d - time.Duration(b.random()*float64(d)/2)
}
