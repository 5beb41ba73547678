package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// WriteConditions prints what all figures depend on.
func WriteConditions(out io.Writer, conditions []Condition) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, c := range conditions {
		_, _ = fmt.Fprintf(w, "%s\t%s\n", c.Name, c.Value)
	}
	_, _ = fmt.Fprintln(w)
	return w.Flush()
}

// Write prints one result.
func (r Result) Write(out io.Writer) error {
	_, _ = fmt.Fprintf(out, "%s: %s\n", strings.ToUpper(r.Scenario), r.Title)
	for _, c := range r.Conditions {
		_, _ = fmt.Fprintf(out, "  - %s\n", c)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	writeFigures(w, r.Figures)
	if len(r.Requests) > 0 {
		_, _ = fmt.Fprintln(w, "  requests of the controller:\t\t\t")
	}
	for _, s := range r.Requests {
		_, _ = fmt.Fprintf(w, "    %s (%d)\t%s\tper %s\t\n", s.What, s.Code, s.PerGate, s.Of)
	}
	if len(r.Elsewhere) > 0 {
		_, _ = fmt.Fprintln(w, "  measured elsewhere, not in this run:\t\t\t")
		writeFigures(w, r.Elsewhere)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, wrong := range r.Wrong {
		_, _ = fmt.Fprintf(out, "  WRONG: %s\n", wrong)
	}
	_, err := fmt.Fprintln(out, r.Load.line())
	return err
}

// line says what the machine did, and who of us did most of it.
func (l Load) line() string {
	if l.Seconds == 0 {
		return ""
	}
	const most = 4
	var by []string
	for _, w := range l.By[:min(most, len(l.By))] {
		by = append(by, fmt.Sprintf("%s %s", w.Process, w.Cores))
	}
	return fmt.Sprintf("  load: %s s, %s cores busy, of these %s ours (%s)\n", l.Seconds, l.Busy, l.Ours, strings.Join(by, ", "))
}

func writeFigures(w io.Writer, figures []Figure) {
	for _, f := range figures {
		note := f.Note
		if f.Target != 0 {
			note = strings.TrimSpace(fmt.Sprintf("[%s %s %s] %s", verdict(f), f.Target, f.Unit, note))
		}
		_, _ = fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", f.Name, f.Value, f.Unit, note)
	}
}

func verdict(f Figure) string {
	if f.Value <= f.Target {
		return "within the target of"
	}
	return "OVER the target of"
}
