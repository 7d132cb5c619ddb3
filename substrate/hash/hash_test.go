package hash_test

import (
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/thousand-validators/otv/substrate/hash"
)

func TestHashes(t *testing.T) {
	sum := hex.EncodeToString
	abc := []byte("abc")
	t64, t128, t256 := hash.Twox64(abc), hash.Twox128(abc), hash.Twox256(abc)
	system, staking := hash.Twox128([]byte("System")), hash.Twox128([]byte("Staking"))
	b128, b256, b512 := hash.Blake2b128(abc), hash.Blake2b256(abc), hash.Blake2b512(abc)
	for _, tt := range []struct{ name, got, want string }{
		{"twox_64(abc)", sum(t64[:]), "990977adf52cbc44"},
		{"twox_128(abc)", sum(t128[:]), "990977adf52cbc440889329981caa9be"},
		{"twox_256(abc)", sum(t256[:]), "990977adf52cbc440889329981caa9bef7da5770b2b8a05303b75d95360dd62b"},
		{"twox_128(System)", sum(system[:]), "26aa394eea5630e07c48ae0c9558cef7"},
		{"twox_128(Staking)", sum(staking[:]), "5f3e4907f716ac89b6347d15ececedca"},
		{"blake2_128(abc)", sum(b128[:]), "cf4ab791c62b8d2b2109c90275287816"},
		{"blake2_256(abc)", sum(b256[:]), "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"},
		{"blake2_512(abc)", sum(b512[:]), "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1" +
			"7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s = %s, want %s", tt.name, tt.got, tt.want)
		}
	}
}

func ExampleTwox128() {
	fmt.Printf("%x\n", hash.Twox128([]byte("System")))
	// Output: 26aa394eea5630e07c48ae0c9558cef7
}

func BenchmarkBlake2b128(b *testing.B) {
	part := make([]byte, 32)
	b.ReportAllocs()
	for b.Loop() {
		hash.Blake2b128(part)
	}
}

func BenchmarkTwox128(b *testing.B) {
	part := []byte("ErasStakersOverview")
	b.ReportAllocs()
	for b.Loop() {
		hash.Twox128(part)
	}
}
