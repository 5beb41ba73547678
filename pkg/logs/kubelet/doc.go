// Package kubelet is how people read logs: as the kubelet of a virtual node, so that
// kubectl, tkn and the Dashboard see work that ran elsewhere without knowing it.
//
//	GET /containerLogs/{namespace}/{pod}/{container}   follow, tailLines, sinceTime,
//	    sinceSeconds, timestamps, limitBytes, as the kubelet reads them
//	GET /external/{namespace}/{pod}/{container}        the whole log, or with
//	    follow=true all of it as it comes; for the Dashboard's --external-logs
//
// Nothing else is served: exec, attach, portForward, run, pods and metrics are 404.
//
// The first door is that of the API server: its client certificate opens it, or the
// right to get nodes/proxy or nodes/log. The second is open to whoever may get
// pods/log of the pod. A caller who is not known gets 401, one without the right
// 403, before anything is said of the log.
//
// A log that breaks off in mid-answer, because the service ends or cannot read on,
// breaks the connection: an answer that ends well is whole.
package kubelet
