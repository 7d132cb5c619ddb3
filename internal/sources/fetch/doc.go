// Package fetch makes bounded HTTP requests to outside sources: limited in time, size, rate and number, and never to
// a source that has just shown that it is down.
//
// Every attempt has a time-out for the whole answer and a greatest size for its body. What is worth another attempt
// (no connection, a broken answer, 5xx) is tried again after a pause that doubles, with jitter. A source that says
// "too many requests" is left alone for as long as it asks. After several failures in a row the circuit opens: nothing
// is asked for a while that doubles with each further failure, then one request finds out whether the source is back.
//
// Errors name the host but never path, query or headers, because those hold addresses of nodes and tokens.
package fetch
