package output

import (
	"io"
	"strings"
	"unicode/utf8"
)

const columnGap = 3

// Table writes rows in columns. Widths grow with the rows and never shrink, so
// that rows which come later stay under their header.
type Table struct {
	widths []int
}

// Write aligns rows and writes them. An empty cell is shown as "-".
func (t *Table) Write(w io.Writer, rows ...[]string) error {
	for _, row := range rows {
		t.measure(row)
	}
	var b strings.Builder
	for _, row := range rows {
		t.format(&b, row)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (t *Table) measure(row []string) {
	for i, cell := range row {
		if i == len(t.widths) {
			t.widths = append(t.widths, 0)
		}
		t.widths[i] = max(t.widths[i], utf8.RuneCountInString(cell), 1)
	}
}

func (t *Table) format(b *strings.Builder, row []string) {
	for i, cell := range row {
		if cell == "" {
			cell = "-"
		}
		b.WriteString(cell)
		if i < len(row)-1 {
			b.WriteString(strings.Repeat(" ", t.widths[i]-utf8.RuneCountInString(cell)+columnGap))
		}
	}
	b.WriteByte('\n')
}
