// Package extrinsic makes, reads and submits the transactions of Substrate chains, driven by the metadata of the
// runtime at hand: nothing about a chain is known by number.
//
// # The bytes
//
// A signed extrinsic of format version 4, the one that all chains accept, is
//
//	Compact(length of the rest) ‖ 0x84 ‖ sender ‖ signature ‖ extra ‖ call
//
// and a bare one, without a signature, Compact(length) ‖ 0x04 ‖ call. Version 5 adds the general form, 0x45 ‖ version
// of the extension set ‖ extra ‖ call, which the chains at hand use for nothing that a service signs; it is decoded here,
// and never made. What is signed is call ‖ extra ‖ additional, or its BLAKE2b-256 hash when longer than 256 bytes.
//
// Extra and additional are the concatenated data of the runtime's transaction extensions, in the order of its metadata.
// Extensions that the package knows get their value by name; of any other, data of no size is nothing and an Option is
// None; an extension that asks for more is refused by name, because nobody could say what would be signed.
//
// A mortal transaction can be included in the blocks from its birth to its birth plus its period, the end excluded; the
// hash of the birth block is signed with it. After that it is dead for ever, which is what makes its fate certain.
//
// # Fate
//
// [Submit] sends and watches until the fate is known, [Track] finds the fate again after a lost connection or a restart,
// by the hash of the transaction in the finalised blocks of its lifetime. Inclusion is not success: the [Outcome] tells
// the dispatch error of the call, and those of calls inside it, which a chain reports only in events.
package extrinsic
