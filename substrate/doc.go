// Package substrate is a client of one Substrate chain over several endpoints.
//
//	client, err := substrate.Dial(ctx, substrate.Config{Endpoints: []string{"wss://..."}})
//	block, err := client.Finalised(ctx)
//	var era struct{ Index uint32 }
//	found, err := block.Get(ctx, "Staking", "ActiveEra", &era)
//
// Every read belongs to a [Block] and sees the state after that block; there is no "latest". Reads of one block stay
// on one connection while it lives, and move to another endpoint only if that knows the block, so what they return does
// not depend on which endpoints fail on the way.
//
// Types come from the chain's own metadata, of the runtime that was in force at the block. A runtime that a block enacts
// executes the next block: the enacting block's own state is still written by the old one, and is read with the old one's
// metadata, while runtime calls at that block already run the new code.
//
// An absent value of an item with a default is told apart from a present one: found is false, and the destination holds
// the default.
//
// The genesis hash is the first thing asked over every connection. An endpoint whose chain begins differently is refused
// by name and never asked anything else.
//
// Clients share nothing; any number of chains can be open in one process.
package substrate
