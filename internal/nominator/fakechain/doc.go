// Package fakechain is a chain with staking and proxies for tests: a node that speaks JSON-RPC, with the metadata of a
// real runtime, a transaction pool, blocks that may be discarded, finality, nonces, mortality, fees and deposits.
//
// Transactions are decoded from their bytes and their signatures verified against the payload that the metadata and the
// canonical chain demand, so nothing passes that a real chain would refuse for its form. The calls do what the pallets do,
// including what surprises: a failed call inside a proxy call leaves the transaction successful, targets need not be
// validators, an announcement can be executed by anybody, and removing one removes all of the same call.
//
// Nothing happens by itself: blocks are made by [Chain.Block], or by the function in Config.OnPoll, which is called when
// a client asks for the finalised head. So a test decides what happens, and can repeat it.
package fakechain
