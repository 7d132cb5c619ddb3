// Package nominator brings decisions to the chain: it signs, submits and reconciles, and never twice.
//
// # Flow
//
//	record ── Verify ──> plan per nominator ── stored ──┐
//	                                                    v
//	finalised block ──> observe ──> plan.Step ──> plan + intent stored, guarded, synced to the disk
//	                       ^                            │
//	                       │                            v
//	                 chain: fate of what was signed <── sign (one place) ── stored ── submit
//
// Every finalised block, and the start of the process, is treated alike: the fate of everything that was signed is looked
// up in final blocks, the announcements on chain are compared with the plans, and every open plan is moved on by the pure
// rules of package plan. Nothing that happened before is remembered outside the database, so a crash at any point leaves
// nothing to repair.
//
// # Signing
//
// There is one place that signs: the desk. It signs only in the mode act, with consent, without a pause, for an intent
// that is stored, whose plan is in a stored record that verifies and whose brakes did not trip, and whose call says exactly
// what the plan says. The fate of what a key signed must be known before it signs again, so the nonce is always the chain's.
//
// # Words
//
// The nominator is the bonded account, the real account of the proxy pallet. The signer is the account of the key at hand:
// the nominator itself, or its proxy. Docs: docs/nominating.md.
package nominator
