package logs

import (
	"bytes"
	"io"
)

// nextLine finds the first line that begins after offset; end when none does.
func nextLine(r io.ReaderAt, offset, end int64) (int64, error) {
	buf := make([]byte, chunk)
	for offset < end {
		n, err := r.ReadAt(buf[:min(int64(len(buf)), end-offset)], offset)
		if i := bytes.IndexByte(buf[:n], '\n'); i >= 0 {
			return offset + int64(i) + 1, nil
		}
		if err != nil {
			return end, err
		}
		offset += int64(n)
	}
	return end, nil
}

// lastLines finds where the last n lines begin. A line without an end counts.
func lastLines(r io.ReaderAt, n, end int64) (int64, error) {
	if n <= 0 {
		return end, nil
	}
	buf := make([]byte, chunk)
	for at := end; at > 0; {
		from := max(0, at-int64(len(buf)))
		block := buf[:at-from]
		if _, err := r.ReadAt(block, from); err != nil {
			return 0, err
		}
		for i := len(block) - 1; i >= 0; i-- {
			// The newline that ends the last line begins no line.
			if block[i] != '\n' || from+int64(i) == end-1 {
				continue
			}
			if n--; n == 0 {
				return from + int64(i) + 1, nil
			}
		}
		at = from
	}
	return 0, nil
}
