package validity

import (
	"github.com/thousand-validators/otv/internal/programme"
)

// blocked: the validator's preferences do not refuse new nominations.
func blocked(s *subject, v *programme.Verdict) {
	if !s.read(v, "") {
		return
	}
	if s.chain.Intention.Blocked {
		fail(v, "blocked", "The validator refuses nominations; it passes once its preferences are set without \"blocked\".")
		return
	}
	pass(v, "open", "")
}
