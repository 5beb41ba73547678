// Package server is the log service as a whole: logs come in (ingest), are kept, are
// read (kubelet) and go (retention), on one TLS port.
//
//	/logs/…                      ingest
//	/containerLogs/…, /external/…  kubelet
//	/healthz                     the program runs
//	/readyz                      it takes requests: not while it ends
//
// When it ends, it refuses new work, breaks the connections of followers, so that
// they know that there is more to come, and gives what else is under way some time.
package server
