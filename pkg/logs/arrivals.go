package logs

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"os"
	"sort"
	"time"
)

// arrival says when the bytes from an offset on came.
type arrival struct {
	offset int64
	at     int64 // Unix nanoseconds, never before the one before
}

// recordSize of an arrival on disk: offset, time, checksum.
const recordSize = 20

// arrivals is the index from bytes to time and back. It is small: one record for
// each write that came at least resolution after the one before.
type arrivals struct {
	file    *os.File
	entries []arrival
}

// resolution of times. Writes that follow each other faster share one record, so
// that ten thousand tiny writes do not make ten thousand records.
const resolution = time.Millisecond

// openArrivals reads the index, and cuts off what a crash left half written or
// what speaks of bytes that are not there.
func openArrivals(path string, size int64) (*arrivals, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(file)
	if err != nil {
		return nil, closing(file, err)
	}
	a := &arrivals{file: file}
	for len(raw) >= recordSize {
		e, ok := decodeArrival(raw[:recordSize])
		if !ok || e.offset >= size {
			break
		}
		a.entries = append(a.entries, e)
		raw = raw[recordSize:]
	}
	if err := file.Truncate(int64(len(a.entries)) * recordSize); err != nil {
		return nil, closing(file, err)
	}
	return a, nil
}

func closing(file *os.File, err error) error {
	_ = file.Close() //nolint:errcheck // the first error is the one to tell
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
	if n := len(a.entries); n > 0 {
		last := a.entries[n-1]
		if e.at < last.at+int64(resolution) {
			return nil
		}
	}
	if _, err := a.file.WriteAt(e.encode(), int64(len(a.entries))*recordSize); err != nil {
		return err
	}
	a.entries = append(a.entries, e)
	return nil
}

// time tells when the byte at offset came.
func (a *arrivals) time(offset int64) time.Time {
	i := sort.Search(len(a.entries), func(i int) bool { return a.entries[i].offset > offset })
	if i == 0 {
		return time.Unix(0, 0).UTC()
	}
	return time.Unix(0, a.entries[i-1].at).UTC()
}

// since finds the first offset whose bytes came at or after t; size when none did.
func (a *arrivals) since(t time.Time, size int64) int64 {
	i := sort.Search(len(a.entries), func(i int) bool { return a.entries[i].at >= t.UnixNano() })
	if i == len(a.entries) {
		return size
	}
	return a.entries[i].offset
}
