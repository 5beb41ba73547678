package dns

import (
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// Domain is the suffix of all names that are answered for.
const Domain = "cluster.local"

// ttl is short, since clusters here are changed while they are looked at.
const ttl = 5

// Lookup gives the addresses of a Service, and whether there is one.
type Lookup func(namespace, service string) ([]netip.Addr, bool)

// Answer makes the reply to one query.
func Answer(query []byte, lookup Lookup) ([]byte, error) {
	var p dnsmessage.Parser
	header, err := p.Start(query)
	if err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	question, err := p.Question()
	if err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	reply := dnsmessage.Message{
		Header: dnsmessage.Header{
			ID: header.ID, Response: true, Authoritative: true, RecursionDesired: header.RecursionDesired,
			RecursionAvailable: true, RCode: dnsmessage.RCodeNameError,
		},
		Questions: []dnsmessage.Question{question},
	}
	if s, ok := parse(question.Name.String()); ok {
		if addresses, found := lookup(s.namespace, s.name); found {
			// A name without addresses of the wanted kind exists all the same.
			reply.RCode = dnsmessage.RCodeSuccess
			reply.Answers = records(question, addresses)
		}
	}
	packed, err := reply.Pack()
	if err != nil {
		return nil, fmt.Errorf("reply: %w", err)
	}
	return packed, nil
}

// service is what a name says.
type service struct{ namespace, name string }

// parse takes <service>.<namespace>.svc.cluster.local apart.
func parse(name string) (service, bool) {
	rest, ok := strings.CutSuffix(strings.ToLower(strings.TrimSuffix(name, ".")), ".svc."+Domain)
	if !ok {
		return service{}, false
	}
	var s service
	s.name, s.namespace, ok = strings.Cut(rest, ".")
	return s, ok && !strings.Contains(s.namespace, ".")
}

func records(q dnsmessage.Question, addresses []netip.Addr) []dnsmessage.Resource {
	if q.Type != dnsmessage.TypeA {
		return nil
	}
	var all []dnsmessage.Resource
	for _, a := range addresses {
		if !a.Is4() {
			continue
		}
		all = append(all, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: ttl},
			Body:   &dnsmessage.AResource{A: a.As4()},
		})
	}
	return all
}
