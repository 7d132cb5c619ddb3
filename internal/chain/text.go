package chain

import (
	"unicode/utf8"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate/codec"
)

// dataText is the text of an identity's field. None is empty, raw bytes are text if they are valid UTF-8, and
// hexadecimal else; the hashes that may stand for a longer text are hexadecimal.
func dataText(v codec.Variant) string {
	b, ok := v.Value().(codec.Bytes)
	if !ok || len(b) == 0 {
		return ""
	}
	if isHash(v.Name) || !utf8.Valid(b) {
		return b.String()
	}
	return string(b)
}

func isHash(variant string) bool {
	switch variant {
	case "BlakeTwo256", "Sha256", "Keccak256", "ShaThree256":
		return true
	}
	return false
}

// payeeText is how the snapshot writes a reward destination.
func payeeText(d *destination, b *book) string {
	if d.Account != nil {
		return string(b.address(*d.Account))
	}
	return d.Kind
}

func toBond(controller programme.Address, l *ledger) programme.Bond {
	return programme.Bond{Bonded: true, Controller: controller, Total: l.Total.Planck, Active: l.Active.Planck}
}
