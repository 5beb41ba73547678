package output

import (
	"strings"
	"unicode"
)

// Clean makes text written by others safe for a terminal: control and format
// characters, which can move the cursor or reorder the line, become '\ufffd'.
// Newlines and tabs stay.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// Line is Clean text on one line.
func Line(s string) string {
	return strings.Join(strings.Fields(Clean(s)), " ")
}

// Short is Line cut to at most limit characters.
func Short(s string, limit int) string {
	runes := []rune(Line(s))
	if len(runes) <= limit {
		return string(runes)
	}
	return string(runes[:limit-1]) + "…"
}
