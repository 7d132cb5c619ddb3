// Package candidates reads the programme's candidate list, checks it, and keeps the last good one.
//
// A list is one JSON object per network with the key candidates, an array of entries. An entry has slotId (its stable
// identity), name (of its node on telemetry), stash, riotHandle (one chat handle or several), kyc, and optionally
// skipSelfStake and kusamaStash. docs/candidates.md describes the format and every rule.
//
// [Parse] reports findings with line numbers. Errors make a list unusable as a whole: half a list would silently drop
// the nodes of the other half from nominations. Warnings do not. The order of the entries never matters: the result
// is sorted by slot.
//
// [Loader] fetches a list again and again. A list that is bad or out of reach never replaces a good one; that the
// last good one had to be used is reported as a [StaleError].
package candidates
