package dns_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/corbel-dev/corbel/hack/local/dns"
)

func lookup(namespace, service string) ([]netip.Addr, bool) {
	switch namespace + "/" + service {
	case "ns/web":
		return []netip.Addr{netip.MustParseAddr("10.96.0.7")}, true
	case "ns/empty":
		return nil, true
	}
	return nil, false
}

func TestAnswer(t *testing.T) {
	for name, test := range map[string]struct {
		name  string
		kind  dnsmessage.Type
		code  dnsmessage.RCode
		found []string
	}{
		"a Service":                       {"web.ns.svc.cluster.local.", dnsmessage.TypeA, dnsmessage.RCodeSuccess, []string{"10.96.0.7"}},
		"a Service in capitals":           {"Web.NS.svc.cluster.local.", dnsmessage.TypeA, dnsmessage.RCodeSuccess, []string{"10.96.0.7"}},
		"a Service without endpoints":     {"empty.ns.svc.cluster.local.", dnsmessage.TypeA, dnsmessage.RCodeSuccess, nil},
		"a Service by the other protocol": {"web.ns.svc.cluster.local.", dnsmessage.TypeAAAA, dnsmessage.RCodeSuccess, nil},
		"no such Service":                 {"none.ns.svc.cluster.local.", dnsmessage.TypeA, dnsmessage.RCodeNameError, nil},
		"a pod of a Service":              {"a.web.ns.svc.cluster.local.", dnsmessage.TypeA, dnsmessage.RCodeNameError, nil},
		"a name outside":                  {"example.com.", dnsmessage.TypeA, dnsmessage.RCodeNameError, nil},
	} {
		t.Run(name, func(t *testing.T) {
			query := dnsmessage.Message{
				Header:    dnsmessage.Header{ID: 7, RecursionDesired: true},
				Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(test.name), Type: test.kind, Class: dnsmessage.ClassINET}},
			}
			packed, err := query.Pack()
			if err != nil {
				t.Fatal(err)
			}
			answer, err := dns.Answer(packed, lookup)
			if err != nil {
				t.Fatal(err)
			}
			var reply dnsmessage.Message
			if err := reply.Unpack(answer); err != nil {
				t.Fatal(err)
			}
			if reply.ID != 7 || reply.RCode != test.code {
				t.Errorf("id %d, code %v, want 7 and %v", reply.ID, reply.RCode, test.code)
			}
			if diff := cmp.Diff(test.found, addresses(reply)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func addresses(m dnsmessage.Message) []string {
	var all []string
	for _, r := range m.Answers {
		if a, ok := r.Body.(*dnsmessage.AResource); ok {
			all = append(all, netip.AddrFrom4(a.A).String())
		}
	}
	return all
}

func TestRubbishIsRefused(t *testing.T) {
	if _, err := dns.Answer([]byte("no query"), lookup); err == nil {
		t.Error("no error")
	}
}
