package validity

import (
	"strings"

	"github.com/thousand-validators/otv/internal/programme"
)

// placeholder is how a BEEFY key begins that was never set: the letters "beef".
const placeholder = "0x62656566"

// beefy: the next session keys are on chain, and the BEEFY key among them is not the placeholder. A chain whose
// session keys know no BEEFY passes; by the old rule so does a stash without any keys.
func beefy(s *subject, v *programme.Verdict) {
	if s.in.Rules.Limits.SkipBeefy {
		notApplicable(v, "The check is switched off.")
		return
	}
	if !s.read(v, programme.PartKeys) {
		return
	}
	if len(s.chain.Keys) == 0 {
		if s.in.Rules.Switches.KeysRequired {
			fail(v, "no keys", "The stash has no session keys on chain; it passes once they are set.")
		} else {
			pass(v, "no keys", "")
		}
		return
	}
	for _, k := range s.chain.Keys {
		if k.Name != "beefy" {
			continue
		}
		if strings.HasPrefix(k.Key, placeholder) {
			fail(v, "placeholder", "The BEEFY key is the placeholder; it passes once the session keys are rotated and set anew.")
		} else {
			pass(v, "set", "")
		}
		return
	}
	pass(v, "no BEEFY on this chain", "")
}
