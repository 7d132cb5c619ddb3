// Package chain is the programme's view of its chains: it finds out where staking, sessions and identities live, and
// reads all chain facts of a round at one finalised block of the staking chain and the matching blocks of the others.
//
// Three generations of networks exist, told apart by what their metadata declares and never by a name or a number:
//
//	A  one chain has everything; exposures are one record per validator, claimed rewards are in the ledger
//	B  one chain has everything, identities may have left; exposures and claims are paged
//	C  staking is on Asset Hub, sessions are on the relay chain, identities on the People chain
//
// A relay chain of generation C still declares the whole staking pallet, and some still declare identities, so the
// presence of a pallet proves nothing there: the relay chain's migration mode decides, and a configured People chain
// always wins.
//
// The blocks belong together: sessions are read at the relay chain's block on which the Asset Hub's block was built,
// identities at the newest finalised block of the People chain that is not younger than the staking chain's block. The
// relay chain reports finished sessions to Asset Hub by messages, so for the few blocks that one is under way the eras
// may lag behind the session index.
//
// What cannot be read is never guessed. A failing staking or session chain fails the snapshot; a failing identity chain
// or an item of unexpected form leaves a gap with its reason, and that part is unknown for everybody. docs/snapshot.md
// lists every fact with the chain and item it comes from.
package chain
