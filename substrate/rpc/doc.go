// Package rpc speaks JSON-RPC 2.0 over WebSocket to the nodes of one Substrate chain.
//
// A [Conn] is one connection: concurrent calls, batches, subscriptions. A [Pool] holds several endpoints of the same
// chain and hides which of them answers: it fails over, backs off, shares one dial among all waiting callers, and keeps
// the health of every endpoint. A [Session] is a sequence of calls that should see one and the same node, such as all
// reads of one block.
//
// What nodes do and this package relies on:
//
//   - A notification may arrive before the reply that carries its subscription id; such notifications are kept until the
//     reply is there.
//   - Some nodes answer errors without a code. Such errors have code 0 and are told apart by their text.
//   - A node that refuses a whole batch or an oversized request answers with id null, because it never read the ids.
//   - "State already discarded" means that the node has pruned the block's state: another node may still have it.
//   - Proxies in front of nodes refuse with HTTP 429, 502 or 503, or close with 1008 or 1013: slow down and go elsewhere.
//
// Nothing here panics on bytes from outside, every wait ends with its context, and time and randomness are injected.
package rpc
