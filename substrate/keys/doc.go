// Package keys makes key pairs for Substrate chains from secrets, signs with them, and verifies signatures.
//
// # Schemes
//
// A chain accepts three kinds of signatures. sr25519 is Schnorr on Ristretto, with the signing context "substrate";
// it is randomised. ed25519 signs the message itself. ecdsa is secp256k1 over the BLAKE2b-256 hash of the message, 65
// bytes with the recovery id last; its account id is the BLAKE2b-256 hash of the compressed public key. ed25519 and
// ecdsa signatures are deterministic.
//
// # Secret URIs
//
// A secret URI is a phrase or a raw seed, a path, and a password:
//
//	<12 to 24 words | 0x and 64 hex digits>(/soft | //hard)*(///password)?
//
// A URI that starts with // stands for the path after the publicly known development phrase. The phrase gives its
// BIP39 entropy (not the usual BIP39 seed), stretched by PBKDF2-HMAC-SHA512 with salt "mnemonic" and the password; the
// first 32 bytes are the seed. Each junction of the path becomes a 32-byte chain code: decimal digits are a little-endian
// integer, other text is its SCALE encoding, hashed when longer than 32 bytes. Only sr25519 has soft junctions.
//
// Where the tools in use disagree about the meaning of a URI it is refused rather than guessed: a single leading slash
// without a phrase, numbers of more than 64 bits or with a sign, 0x in a junction, seeds padded with spaces, and text
// that is not in Unicode normal form C.
//
// # Key files
//
// [FromKeystore] reads the JSON key files of polkadot-js: version 3, encrypted (scrypt and xsalsa20-poly1305) or not,
// and the encrypted versions 1 and 2, which had no key stretching.
//
// # Secrets in memory and in output
//
// No error of this package repeats any part of a secret, and a [Pair] prints as its public key with whatever verb,
// encoder or logger. [Pair.Wipe] overwrites the key. What Go does not allow to overwrite are strings (such as the URI
// itself) and copies that the cryptographic libraries make while they work; they live until the garbage collector
// reuses their memory.
package keys
