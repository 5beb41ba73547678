package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/cli/story"
)

// A shell that completes must not hang on a cluster that does not answer.
const completionTimeout = 3 * time.Second

func anyRequest(*v1alpha1.ApprovalRequest) bool { return true }

func pendingApproval(r *v1alpha1.ApprovalRequest) bool {
	return r.Spec.Gate.Kind == v1alpha1.ApprovalKind && !r.Status.Phase.Final()
}

func pendingPause(r *v1alpha1.ApprovalRequest) bool {
	return r.Spec.Gate.Kind == v1alpha1.PauseKind && !r.Status.Phase.Final()
}

// completeRequests completes the names of the requests that fit.
func (a *app) completeRequests(fits func(*v1alpha1.ApprovalRequest) bool) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return a.complete(cmd, func(ctx context.Context, conn *Connection) ([]cobra.Completion, error) {
			list, err := conn.Corbel.ApprovalRequests(conn.Namespace).List(ctx, metav1.ListOptions{})
			if err != nil {
				return nil, err
			}
			var words []cobra.Completion
			for _, r := range pointers(list.Items) {
				if fits(r) {
					about := story.Gate(r) + ", " + string(story.Phase(r))
					if r.Spec.Subject.PipelineRun != "" {
						about += ", " + r.Spec.Subject.PipelineRun
					}
					words = append(words, cobra.CompletionWithDesc(r.Name, about))
				}
			}
			return words, nil
		})
	}
}

// completeTarget completes the values of the flags that all commands have.
func (a *app) completeTarget(root *cobra.Command) {
	namespaces := func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return a.complete(cmd, func(ctx context.Context, conn *Connection) ([]cobra.Completion, error) {
			return conn.namespaces(ctx)
		})
	}
	mustRegister(root.RegisterFlagCompletionFunc("namespace", namespaces))
	for _, flag := range []string{"context", "as", "as-group"} {
		mustRegister(root.RegisterFlagCompletionFunc(flag, cobra.NoFileCompletions))
	}
}

// complete asks the cluster for words. An error completes nothing; it goes to
// the shell's debug file.
func (a *app) complete(
	cmd *cobra.Command, ask func(context.Context, *Connection) ([]cobra.Completion, error),
) ([]cobra.Completion, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTimeout)
	defer cancel()
	conn, err := a.connect(cmd)
	if err == nil {
		var words []cobra.Completion
		if words, err = ask(ctx, conn); err == nil {
			return words, cobra.ShellCompDirectiveNoFileComp
		}
	}
	cobra.CompDebugln(err.Error(), false)
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// mustRegister stops a program whose flags and completions do not fit: a bug
// that every test of the package meets.
func mustRegister(err error) {
	if err != nil {
		panic(err)
	}
}
