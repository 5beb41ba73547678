package logs

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"time"
)

// arrival says when the bytes from an offset on came.
type arrival struct {
	offset int64
	at     int64 // Unix nanoseconds, never before the one before
}

// recordSize of an arrival on disk: offset, time, checksum.
const recordSize = 20

// arrivals is the index from bytes to time and back. It stays on disk, so that a
// long log costs no memory: one record for each write that came at least resolution
// after the one before.
type arrivals struct {
	file  *os.File
	count int64
	last  arrival
}

// span is a range of bytes that came together.
type span struct {
	from, to int64
	at       time.Time
}

// resolution of times. Writes that follow each other faster share one record, so
// that ten thousand tiny writes do not make ten thousand records.
const resolution = time.Millisecond

// openArrivals opens the index, and cuts off what a crash left half written or what
// speaks of bytes that are not there. It looks at the end only: a stream is opened
// with each write.
func openArrivals(path string, size int64) (*arrivals, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the path is made of checked parts
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, closing(file, err)
	}
	a := &arrivals{file: file, count: info.Size() / recordSize}
	for ; a.count > 0; a.count-- {
		if e, err := a.record(a.count - 1); err == nil && e.offset < size {
			a.last = e
			break
		}
	}
	if whole := a.count * recordSize; whole != info.Size() {
		if err := file.Truncate(whole); err != nil {
			return nil, closing(file, err)
		}
	}
	return a, nil
}

func closing(file *os.File, err error) error {
	_ = file.Close() // the first error is the one to tell
	return err
}

func decodeArrival(raw []byte) (arrival, bool) {
	e := arrival{
		offset: int64(binary.BigEndian.Uint64(raw)),     //nolint:gosec // written as int64
		at:     int64(binary.BigEndian.Uint64(raw[8:])), //nolint:gosec // written as int64
	}
	return e, crc32.ChecksumIEEE(raw[:16]) == binary.BigEndian.Uint32(raw[16:]) && e.offset >= 0
}

func (e arrival) encode() []byte {
	raw := make([]byte, recordSize)
	binary.BigEndian.PutUint64(raw, uint64(e.offset)) //nolint:gosec // offsets are not negative
	binary.BigEndian.PutUint64(raw[8:], uint64(e.at)) //nolint:gosec // read back as int64
	binary.BigEndian.PutUint32(raw[16:], crc32.ChecksumIEEE(raw[:16]))
	return raw
}

// note records that bytes from offset on came now. A clock that went back counts
// as standing still.
func (a *arrivals) note(offset int64, now time.Time) error {
	e := arrival{offset: offset, at: now.UnixNano()}
	if a.count > 0 && e.at < a.last.at+int64(resolution) {
		return nil
	}
	if _, err := a.file.WriteAt(e.encode(), a.count*recordSize); err != nil {
		return err
	}
	a.count, a.last = a.count+1, e
	return nil
}

// search finds the first record for which reached is true; count when none is.
func (a *arrivals) search(reached func(arrival) bool) (int64, error) {
	low, high := int64(0), a.count
	for low < high {
		middle := low + (high-low)/2
		e, err := a.record(middle)
		if err != nil {
			return 0, err
		}
		if reached(e) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low, nil
}

func (a *arrivals) record(i int64) (arrival, error) {
	raw := make([]byte, recordSize)
	if _, err := a.file.ReadAt(raw, i*recordSize); err != nil {
		return arrival{}, fmt.Errorf("read the times of arrival: %w", err)
	}
	e, ok := decodeArrival(raw)
	if !ok {
		return arrival{}, fmt.Errorf("record %d of the times of arrival is damaged", i)
	}
	return e, nil
}

// span tells when the byte at offset came, and which came with it. Nothing is known
// of bytes beyond size.
func (a *arrivals) span(offset, size int64) (span, error) {
	next, err := a.search(func(e arrival) bool { return e.offset > offset })
	if err != nil {
		return span{}, err
	}
	out := span{to: size, at: time.Unix(0, 0).UTC()}
	if next < a.count {
		after, err := a.record(next)
		if err != nil {
			return span{}, err
		}
		out.to = after.offset
	}
	if next > 0 {
		e, err := a.record(next - 1)
		if err != nil {
			return span{}, err
		}
		out.from, out.at = e.offset, time.Unix(0, e.at).UTC()
	}
	return out, nil
}

// since finds the first offset whose bytes came at or after t; size when none did.
func (a *arrivals) since(t time.Time, size int64) (int64, error) {
	i, err := a.search(func(e arrival) bool { return !time.Unix(0, e.at).Before(t) })
	if err != nil || i == a.count {
		return size, err
	}
	e, err := a.record(i)
	return e.offset, err
}
