// Package memory has the nouns of what the programme remembers: candidates through the years, verdicts and scores as they
// changed, rank events, rounds, nominations, eras, validators, rewards, jobs and what operators did.
//
// They are what the database keeps and what pages and the API show. A round is not decided from them but from its own
// frozen inputs; some of these go into those inputs.
package memory
