package gateway_test

import (
	"testing"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate/ss58"
)

// reencode writes an address in the form of no particular network.
func reencode(t testing.TB, a programme.Address) string {
	t.Helper()
	_, id, err := ss58.Decode(string(a))
	if err != nil {
		t.Fatal(err)
	}
	out, err := ss58.Encode(42, id)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
