// Package programme holds the nouns of a validator nomination programme: networks, candidates, chain facts,
// rules, verdicts, scores, nominators and decisions. It imports no other package of this project, so that
// every room can share these types. The rules that work on them are in its sub-packages (validity, scoring,
// selection, rank, decision); none of them reads a clock, a chain or a file.
//
// Conventions used by all types here:
//
//   - Amounts are [Planck], integers of a chain's smallest unit. Commission and fractions of slashes are
//     [Perbill]. Times are [Millis] since the Unix epoch, in UTC. Eras and sessions are indices of the chain.
//   - A nil pointer or a missing map entry means "not known"; it never means zero, false or empty. A fact that
//     was looked for and found absent on chain is represented by a value of its own (see [Bond], [Intention]).
//   - Types marked as part of the record are serialised by the canonical codec of the decision package.
package programme
