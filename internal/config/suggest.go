package config

import (
	"errors"

	"github.com/thousand-validators/otv/internal/jsontree"
	"github.com/thousand-validators/otv/substrate/ss58"
)

// suggest is "; did you mean X?" when one of the known names is close to the given one, else empty.
func suggest(name string, known []string) string {
	if best, ok := jsontree.Nearest(name, known); ok {
		return "; did you mean " + best + "?"
	}
	return ""
}

// addressFault says why a text is no address, without the text.
func addressFault(err error) string {
	for _, e := range []error{ss58.ErrBase58, ss58.ErrLength, ss58.ErrPrefix, ss58.ErrChecksum} {
		if errors.Is(err, e) {
			return e.Error()
		}
	}
	return "not an SS58 address and not 0x with 64 hexadecimal digits"
}
