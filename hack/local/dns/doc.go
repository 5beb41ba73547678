// Package dns answers for the names of a cluster's Services, which is what pods need
// of DNS. It knows no other name, and forwards nothing: a cluster here has no way out.
package dns
