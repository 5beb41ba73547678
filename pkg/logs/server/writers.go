package server

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/corbel-dev/corbel/pkg/logs/caller"
)

// writers says who may write the logs of a source:
//   - the agent of a cluster, of the source that has the cluster's name: its client
//     certificate has the common name corbel:<cluster>:agent and the organisation
//     corbel:<cluster>;
//   - the user whom the configuration names for the source, such as a service
//     account, by a token; that source is closed to agents, whatever their name.
type writers struct {
	certificates, tokens caller.Identifier
	named                map[string]string // users by source
}

// MayWrite judges one request.
func (w *writers) MayWrite(r *http.Request, source string) (bool, error) {
	user, named := w.named[source]
	agent, err := w.certificates.Identify(r)
	if err == nil && !named && isAgent(agent, source) {
		return true, nil
	}
	writer, unknown := w.tokens.Identify(r)
	if unknown == nil {
		return named && writer.Name == user, nil
	}
	if err == nil {
		return false, nil // known by the certificate, and another
	}
	return false, unknown
}

func isAgent(c *caller.Caller, cluster string) bool {
	return c.Name == "corbel:"+cluster+":agent" && slices.Contains(c.Groups, "corbel:"+cluster)
}

// ParseWriters reads source=user, as often as there are writers. A source has one
// writer.
func ParseWriters(flags []string) (map[string]string, error) {
	out := map[string]string{}
	for _, f := range flags {
		source, user, ok := strings.Cut(f, "=")
		if !ok || source == "" || user == "" {
			return nil, fmt.Errorf("writer %q: write source=user, such as hosts=system:serviceaccount:corbel-system:corbel-controller", f)
		}
		if _, twice := out[source]; twice {
			return nil, fmt.Errorf("writer %q: source %q has a writer already", f, source)
		}
		out[source] = user
	}
	return out, nil
}
