package validity

import (
	"strconv"
	"time"

	"github.com/thousand-validators/otv/internal/programme"
)

// subject is one candidate with everything its checks look at.
type subject struct {
	in       *programme.Inputs
	idx      *Index
	c        *programme.CandidateInput
	chain    *programme.ChainCandidate    // nil when the snapshot does not hold the stash
	previous *programme.PreviousCandidate // nil when the candidate is new or has another stash
}

func pass(v *programme.Verdict, value, remark string) {
	v.State, v.Value, v.Detail = programme.Pass, value, remark
}

func fail(v *programme.Verdict, value, detail string) {
	v.State, v.Value, v.Detail = programme.Fail, value, detail
}

func notApplicable(v *programme.Verdict, detail string) {
	v.State, v.Detail = programme.NotApplicable, detail
}

// unknown answers that the source did not tell. The previous definite answer stands in for it for the given time;
// after that the check stays unknown.
func (s *subject) unknown(v *programme.Verdict, hold programme.Millis, detail string) {
	v.State, v.At, v.Detail = programme.Unknown, s.idx.now, detail
	if s.previous == nil {
		return
	}
	for _, a := range s.previous.Definite {
		if a.Code != v.Code || a.State == programme.Unknown || a.State == "" {
			continue
		}
		until := a.At + hold
		if s.idx.now > until {
			v.Detail += " The last definite answer (" + string(a.State) + " at " + a.At.String() + ") is too old to hold."
			return
		}
		v.Held, v.HeldAt, v.Changes = a.State, a.At, until+1
		v.Detail += " The answer of " + a.At.String() + " (" + string(a.State) + ") holds until " + until.String() + "."
		return
	}
}

// hold is how long most unknown checks keep their previous answer.
func (s *subject) hold() programme.Millis { return s.in.Rules.Limits.HoldUnknown }

// off answers "not applicable" when the operator switched the source off.
func (s *subject) off(v *programme.Verdict, name programme.SourceName) bool {
	src := s.idx.source(name)
	if src.State != programme.SourceOff {
		return false
	}
	notApplicable(v, "The source "+string(name)+" is switched off"+because(src.Detail)+".")
	return true
}

// works reports whether a source delivers, else the sentence that says why not.
func (s *subject) works(name programme.SourceName) (bool, string) {
	src := s.idx.source(name)
	switch src.State {
	case programme.SourceOK:
		return true, ""
	case programme.SourceAbsent:
		return false, "Nothing supplies the source " + string(name) + " yet" + because(src.Detail) + "."
	case programme.SourceDown:
		text := "The source " + string(name) + " does not deliver" + because(src.Detail)
		if src.At > 0 {
			text += "; its newest value is of " + src.At.String()
		}
		return false, text + "."
	}
	return false, "The source " + string(name) + " is in no known state."
}

func because(detail string) string {
	if detail == "" {
		return ""
	}
	return " (" + detail + ")"
}

// read reports whether the chain facts of this candidate are there; else it answers unknown. A part that may be
// missing on its own is named.
func (s *subject) read(v *programme.Verdict, part programme.Part) bool {
	if ok, why := s.works(programme.SourceChain); !ok {
		s.unknown(v, s.hold(), why)
		return false
	}
	if why, gap := s.in.Snapshot.Gaps[part]; gap && part != "" {
		s.unknown(v, s.hold(), "The part \""+string(part)+"\" of the chain could not be read"+because(why)+".")
		return false
	}
	if s.chain == nil {
		s.unknown(v, s.hold(), "The snapshot of the chain holds nothing about this stash.")
		return false
	}
	return true
}

// span writes a duration in its two largest units: "3 d 4 h", "201 min 36 s", "0 s".
func span(d programme.Millis) string {
	if d < 0 {
		return "-" + span(-max(d, -1<<62))
	}
	switch {
	case d < programme.Minute:
		if d%1000 == 0 {
			return strconv.FormatInt(int64(d/1000), 10) + " s"
		}
		return strconv.FormatFloat(float64(d)/1000, 'f', -1, 64) + " s"
	case d < programme.Hour:
		return two(d, programme.Minute, " min", 1000, " s")
	case d < programme.Day:
		return two(d, programme.Hour, " h", programme.Minute, " min")
	}
	return two(d, programme.Day, " d", programme.Hour, " h")
}

func two(d, big programme.Millis, bigName string, small programme.Millis, smallName string) string {
	text := strconv.FormatInt(int64(d/big), 10) + bigName
	if rest := d % big / small; rest > 0 {
		text += " " + strconv.FormatInt(int64(rest), 10) + smallName
	}
	return text
}

// minutes writes a duration in minutes with up to four decimals.
func minutes(d programme.Millis) string {
	text := strconv.FormatFloat(float64(d)/float64(programme.Minute), 'f', 4, 64)
	for text[len(text)-1] == '0' {
		text = text[:len(text)-1]
	}
	if text[len(text)-1] == '.' {
		text = text[:len(text)-1]
	}
	return text + " min"
}

// seen writes a moment after a few words; it is used for every candidate, so it saves a copy.
func seen(words string, at programme.Millis) string {
	var room [64]byte
	return string(at.Time().AppendFormat(append(room[:0], words...), time.RFC3339))
}

// plural is "1 era" or "2 eras".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
