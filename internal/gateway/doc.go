// Package gateway serves what the programme knows over HTTP: the routes of the old backend under their old names and
// shapes, and the API that explains decisions under /api/v1.
//
// Nothing is computed twice: an answer is built from the database once per change of the data behind it, encoded once,
// plain and compressed, and then handed out as it is. What tells that data has changed is its version, which the
// database counts with every write; no answer is kept or dropped because of its age.
//
// The gateway reads only. What operators may do is on the admin listener, which is another package's.
package gateway
