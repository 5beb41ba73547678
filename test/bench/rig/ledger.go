package rig

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Standing is how the decisions of a namespace stand in its ledgers.
type Standing struct {
	Answered int // decisions answered 201
	Once     int // of these, found in exactly one ledger, once
	Counted  int // of these, counted
	// Wrong tells of each decision that is lost, doubled or in a foreign ledger, and of
	// ledger entries that no decision was answered for.
	Wrong []string
}

// Ledgers compares what was answered with what the ledgers hold, by UID.
func (r *Rig) Ledgers(ctx context.Context, namespace string, votes []Vote) (Standing, error) {
	requests, err := r.Admin.Corbel.CorbelV1alpha1().ApprovalRequests(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return Standing{}, fmt.Errorf("read the ledgers: %w", err)
	}
	type place struct {
		request string
		counted bool
	}
	found := map[types.UID][]place{}
	for _, req := range requests.Items {
		for _, e := range req.Status.Decisions {
			found[e.UID] = append(found[e.UID], place{req.Name, e.Counted})
		}
	}
	s := Standing{Answered: len(votes)}
	for _, v := range votes {
		places := found[v.UID]
		delete(found, v.UID)
		switch {
		case len(places) == 0:
			s.Wrong = append(s.Wrong, fmt.Sprintf("decision %s was answered 201 and is in no ledger", v.Name))
		case len(places) > 1:
			s.Wrong = append(s.Wrong, fmt.Sprintf("decision %s stands %d times: %v", v.Name, len(places), places))
		case places[0].request != v.Gate.Request:
			s.Wrong = append(s.Wrong, fmt.Sprintf("decision %s is in the ledger of %s", v.Name, places[0].request))
		default:
			s.Once++
			if places[0].counted {
				s.Counted++
			}
		}
	}
	for uid, places := range found {
		s.Wrong = append(s.Wrong, fmt.Sprintf("%v holds %s, for which nobody was answered 201", places, uid))
	}
	return s, nil
}
