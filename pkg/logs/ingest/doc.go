// Package ingest is how logs come in: HTTP, by byte range, so that a sender that
// was cut off asks how far it got and goes on from there.
//
//	PATCH /logs/{source}/{run}/{pod}/{container}   Content-Range: bytes 100-199/*
//	                                               Corbel-Namespace: shop
//	HEAD  /logs/{source}/{run}/{pod}/{container}
//	POST  /logs/{source}/{run}/{pod}/{container}/finish?size=200&sha256=…
//
// The namespace is that of the pod under which people look for the log. The first
// write must have it, the others may; it cannot change.
//
// Every answer carries Upload-Offset, the number of bytes that need not be sent
// again. 416 refuses a range that does not continue the log, 409 a digest that does
// not fit or a pod that is another's, 507 a full disk: in each case nothing wrong was stored.
package ingest
