// Package plan holds what becomes of a decision for one nominator: the plan, the states it passes through on its way
// to the chain, the intents that are written before anything is signed, and the rules that move a plan on.
//
// It is pure. [Step] is given a plan and what was observed of it, and returns the plan as it is from now on together
// with what has to be done; reading chains, writing to the database and signing are done by package nominator. So
// everything that decides whether money moves can be tested without a chain, a clock or a file.
//
// # States
//
//	direct, proxy   planned > submitted > in-block > finalised > succeeded | failed
//	delayed         planned > announcing > announced > executable > executing > executed > succeeded | failed
//	                any state with an announcement > cancelling > cancelled
//	removal         planned > cancelling > cancelled
//
// A plan with a transaction under way goes back to where it came from when the transaction is known to be expired; it
// never goes back on a mere report of a node. Only finalised blocks count.
//
// # Rules
//
//   - A plan succeeds only when the transaction is in a finalised block, did not fail, the call inside the proxy call
//     did not fail either, and the targets on chain are the planned set.
//   - An announcement is executable when the block number of the pallet's own clock has reached the height of the
//     announcement plus the delay registered on chain, plus [Margin].
//   - It is too old when the clock is past the height plus 1.2 times the delay; see [OldestUseful].
//   - Targets are judged again before execution. A breach, an operator's order, a blacklisted hash, a lost relation,
//     a runtime that encodes the call differently, and age lead to the removal of the announcement.
package plan
