// Package simchain is one simulated chain: a node that speaks the JSON-RPC of Substrate, with metadata that it builds
// itself, storage that it keeps SCALE-encoded, and pallets that follow the real rules as far as a client can tell.
//
// Four roles exist. RoleOne has everything in one runtime, in the forms of the days before staking moved. RoleRelay,
// RoleHub and RolePeople are the relay chain, Asset Hub and People chain of a network after that. The state that calls
// work on is the very storage that clients read, so the two cannot differ. Everything follows from the configuration,
// the genesis and the order of calls: nothing depends on time or on the randomness of the machine.
//
// What is not real: there is no consensus and no trie (the roots in headers are commitments of this package), elections
// divide every nominator's stake evenly, and weights are constants. docs/simnet.md has the list.
package simchain
