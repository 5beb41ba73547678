package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/cli/gates"
	"github.com/corbel-dev/corbel/pkg/cli/output"
	"github.com/corbel-dev/corbel/pkg/cli/story"
)

var requestKind = output.Kind{
	GroupVersionKind: v1alpha1.SchemeGroupVersion.WithKind("ApprovalRequest"), Singular: "approvalrequest",
}

type approvalsFlags struct {
	all, allNamespaces, mine, watch, noHeaders bool
	format                                     string
}

func newApprovals(a *app) *cobra.Command {
	var f approvalsFlags
	cmd := &cobra.Command{
		Use:     "approvals",
		Aliases: []string{"ls", "list"},
		Short:   "List the gates that wait",
		Example: "  tkn corbel approvals -A --mine      what waits for me, in all namespaces\n" +
			"  tkn corbel approvals -w             stay, and tell changes as they come",
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(cmd *cobra.Command, _ []string) error { return runApprovals(cmd, a, f) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.all, "all", false, "also those that have ended")
	flags.BoolVarP(&f.allNamespaces, "all-namespaces", "A", false, "in all namespaces")
	flags.BoolVar(&f.mine, "mine", false, "only those that I can decide")
	flags.BoolVarP(&f.watch, "watch", "w", false, "stay and tell changes as they come, until Ctrl-C")
	flags.BoolVar(&f.noHeaders, "no-headers", false, "leave out the header")
	a.outputFlag(cmd, &f.format, output.JSON, output.YAML, output.Name, output.Wide)
	return cmd
}

// lister is one run of the command.
type lister struct {
	approvalsFlags
	app     *app
	conn    *Connection
	where   string
	table   output.Table
	columns story.Columns
	out     io.Writer
	caller  story.Caller
	permits *gates.Permits
	// shown is the last row told of each request, without its age.
	shown map[types.UID]string
}

func runApprovals(cmd *cobra.Command, a *app, f approvalsFlags) error {
	if err := output.Format(f.format).Check(output.JSON, output.YAML, output.Name, output.Wide); err != nil {
		return err
	}
	l, err := newLister(cmd, a, f)
	if err != nil {
		return err
	}
	if f.watch {
		return l.follow(cmd)
	}
	list, err := l.requests().List(cmd.Context(), metav1.ListOptions{})
	if err != nil {
		return err
	}
	kept, err := l.keep(cmd.Context(), pointers(list.Items))
	if err != nil {
		return err
	}
	if len(kept) == 0 && l.format().ForPeople() {
		cmd.PrintErrln("No " + l.what() + " in " + l.where + ".")
		return nil
	}
	return l.print(kept)
}

func newLister(cmd *cobra.Command, a *app, f approvalsFlags) (*lister, error) {
	conn, err := a.connect(cmd)
	if err != nil {
		return nil, err
	}
	l := &lister{
		approvalsFlags: f, app: a, conn: conn, where: "namespace " + conn.Namespace, out: cmd.OutOrStdout(),
		columns: story.Columns{Namespace: f.allNamespaces, Wide: output.Format(f.format) == output.Wide},
		permits: gates.NewPermits(conn.Authorization.SelfSubjectAccessReviews()),
		shown:   map[types.UID]string{},
	}
	if f.allNamespaces {
		l.where = "any namespace"
	}
	if f.mine {
		l.caller, err = gates.WhoAmI(cmd.Context(), conn.Authentication.SelfSubjectReviews())
	}
	return l, err
}

func (l *lister) format() output.Format { return output.Format(l.approvalsFlags.format) }

func (l *lister) what() string {
	text := "pending requests"
	if l.all {
		text = "requests"
	}
	if l.mine {
		text += " that " + l.caller.Username + " can decide"
	}
	return text
}

func (l *lister) requests() gates.Requests {
	if l.allNamespaces {
		return l.conn.Corbel.ApprovalRequests(metav1.NamespaceAll)
	}
	return l.conn.Corbel.ApprovalRequests(l.conn.Namespace)
}

// keep filters requests and sorts them, the oldest first.
func (l *lister) keep(ctx context.Context, list []*v1alpha1.ApprovalRequest) ([]*v1alpha1.ApprovalRequest, error) {
	list = slices.DeleteFunc(list, func(r *v1alpha1.ApprovalRequest) bool {
		return !l.all && r.Status.Phase.Final() ||
			l.mine && len(story.Obstacles(r, story.Standing{Caller: l.caller}, l.app.Clock.Now())) > 0
	})
	slices.SortFunc(list, func(a, b *v1alpha1.ApprovalRequest) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time),
			cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	if !l.mine {
		return list, nil
	}
	if err := l.permits.Learn(ctx, l.caller, list); err != nil {
		return nil, err
	}
	return l.permitted(ctx, list)
}

// permitted keeps the requests on which the caller holds the verb.
func (l *lister) permitted(ctx context.Context, list []*v1alpha1.ApprovalRequest) ([]*v1alpha1.ApprovalRequest, error) {
	var kept []*v1alpha1.ApprovalRequest
	for _, r := range list {
		s, err := l.permits.Standing(ctx, l.caller, r)
		if err != nil {
			return nil, err
		}
		if len(s.Denied) == 0 {
			kept = append(kept, r)
		}
	}
	return kept, nil
}

func (l *lister) print(list []*v1alpha1.ApprovalRequest) error {
	if l.format().ForPeople() {
		return l.rows(list)
	}
	if l.format() == output.Name {
		for _, r := range list {
			if err := requestKind.Write(l.out, output.Name, r); err != nil {
				return err
			}
		}
		return nil
	}
	whole := v1alpha1.ApprovalRequestList{Items: []v1alpha1.ApprovalRequest{}}
	whole.SetGroupVersionKind(v1alpha1.SchemeGroupVersion.WithKind("ApprovalRequestList"))
	for _, r := range list {
		requestKind.Complete(r)
		whole.Items = append(whole.Items, *r)
	}
	return output.Encode(l.out, l.format(), whole)
}

func (l *lister) rows(list []*v1alpha1.ApprovalRequest) error {
	var rows [][]string
	if !l.noHeaders {
		rows = append(rows, l.columns.Header())
	}
	for _, r := range list {
		rows = append(rows, l.columns.Row(r, l.app.Clock.Now()))
	}
	return l.table.Write(l.out, rows...)
}

// follow tells the list and then every change, until the user has enough.
func (l *lister) follow(cmd *cobra.Command) error {
	first := true
	see := func(ctx context.Context, changes []gates.Change) (bool, error) {
		err := l.tell(ctx, changes)
		if first && len(l.shown) == 0 && l.format().ForPeople() {
			cmd.PrintErrln("No " + l.what() + " in " + l.where + " yet; watching.")
		}
		first = false
		return false, err
	}
	err := gates.NewFollower(l.requests(), l.app.Clock, "").Run(cmd.Context(), see)
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// tell prints those of the changes that are to be shown, and the end of those
// that were. The header comes before the first row.
func (l *lister) tell(ctx context.Context, changes []gates.Change) error {
	var here []*v1alpha1.ApprovalRequest
	for _, c := range changes {
		if !c.Gone {
			here = append(here, c.Request)
		}
	}
	kept, err := l.keep(ctx, here)
	if err != nil {
		return err
	}
	for _, c := range changes {
		if _, before := l.shown[c.Request.UID]; before && !slices.Contains(kept, c.Request) {
			kept = append(kept, c.Request)
		}
	}
	return l.tellRows(kept, changes)
}

func (l *lister) tellRows(list []*v1alpha1.ApprovalRequest, changes []gates.Change) error {
	var rows [][]string
	if len(l.shown) == 0 && len(list) > 0 && !l.noHeaders {
		rows = append(rows, l.columns.Header())
	}
	for _, r := range list {
		if !l.format().ForPeople() {
			l.shown[r.UID] = r.Name
			if err := requestKind.Write(l.out, l.format(), r); err != nil {
				return err
			}
			continue
		}
		gone := slices.ContainsFunc(changes, func(c gates.Change) bool { return c.Gone && c.Request == r })
		if row := l.news(r, gone); row != nil {
			rows = append(rows, row)
		}
	}
	if !l.format().ForPeople() {
		return nil
	}
	return l.table.Write(l.out, rows...)
}

// news is the row of a request, unless the same was told before.
func (l *lister) news(r *v1alpha1.ApprovalRequest, gone bool) []string {
	key := strings.Join(l.columns.Row(r, r.CreationTimestamp.Time), "\x00")
	row := l.columns.Row(r, l.app.Clock.Now())
	if gone {
		key = "gone"
		row[slices.Index(l.columns.Header(), "STATUS")] = "Deleted"
	}
	if l.shown[r.UID] == key {
		return nil
	}
	l.shown[r.UID] = key
	return row
}

func pointers(items []v1alpha1.ApprovalRequest) []*v1alpha1.ApprovalRequest {
	list := make([]*v1alpha1.ApprovalRequest, len(items))
	for i := range items {
		list[i] = &items[i]
	}
	return list
}

// outputFlag adds -o with its completion.
func (a *app) outputFlag(cmd *cobra.Command, value *string, formats ...output.Format) {
	words := make([]string, len(formats))
	for i, f := range formats {
		words[i] = string(f)
	}
	cmd.Flags().StringVarP(value, "output", "o", "", fmt.Sprintf("format: %s (default: text)", strings.Join(words, "|")))
	mustRegister(cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)))
}
