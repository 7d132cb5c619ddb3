package simchain

import (
	"strings"
	"testing"

	"github.com/thousand-validators/otv/substrate/extrinsic"
	"github.com/thousand-validators/otv/substrate/keys"
)

func contains(text, part string) bool { return strings.Contains(text, part) }

// signing is all that goes into a signature.
type signing struct {
	chain   extrinsic.Chain
	call    extrinsic.RuntimeCall
	options extrinsic.Options
}

// signing prepares a call for the next block.
func (r *rig) signing(c extrinsic.RuntimeCall) signing {
	r.t.Helper()
	number, hash := r.Head()
	era, err := extrinsic.Mortal(64, number)
	if err != nil {
		r.t.Fatal(err)
	}
	return signing{r.runtimeOf(r.rt), c, extrinsic.Options{Era: era, BirthHash: hash}}
}

func (s signing) sign(t testing.TB, key *keys.Pair) []byte {
	t.Helper()
	p, err := extrinsic.NewPayload(s.chain, s.call, s.options)
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.Sign(key)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
