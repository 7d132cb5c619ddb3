package candidates

import (
	"cmp"
	"fmt"
	"slices"
)

// Severity tells an error, which makes a list unusable, from a warning.
type Severity string

// The severities.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Rule is one rule that a list is checked by.
type Rule struct {
	Code     string
	Severity Severity
	Text     string // what is demanded
}

// The codes of the rules. L rules are those every list had to pass before it was published; W rules were recommended.
const (
	ruleForm        = "L1"
	ruleName        = "L2"
	ruleStash       = "L3"
	ruleStashTwice  = "L4"
	ruleHandle      = "L5"
	ruleSlot        = "L6"
	ruleKYC         = "L7"
	ruleNetwork     = "N1"
	ruleUnknown     = "W1"
	ruleNameForm    = "W2"
	ruleNegative    = "W3"
	ruleStashPrefix = "W4"
	ruleKusamaStash = "W5"
	ruleNoHandle    = "W6"
	ruleReuse       = "W7"
)

// Rules lists all rules.
func Rules() []Rule {
	return []Rule{
		{ruleForm, Error, "the file is JSON in UTF-8, `candidates` is a list of at least one entry, entries are objects, no field is given twice, and optional fields have the right type"},
		{ruleName, Error, "`name` is there, a text, and unique"},
		{ruleStash, Error, "`stash` is there and decodes as an SS58 address of any prefix, or as 0x and 64 hexadecimal digits"},
		{ruleStashTwice, Error, "no account is listed twice, in whatever encoding"},
		{ruleHandle, Error, "every handle of `riotHandle`, one text or a list of texts, has the form `@user:server.domain`"},
		{ruleSlot, Error, "`slotId` is there, a whole number, and unique"},
		{ruleKYC, Error, "`kyc` is there and true or false"},
		{ruleNetwork, Error, "the list is one for the network: not every stash carries another network's prefix"},
		{ruleUnknown, Warning, "there are no unknown fields"},
		{ruleNameForm, Warning, "`name` is not empty, has no blanks around it, and at most 64 characters"},
		{ruleNegative, Warning, "`slotId` is at least 0"},
		{ruleStashPrefix, Warning, "`stash` carries the network's address prefix"},
		{ruleKusamaStash, Warning, "`kusamaStash`, where given, decodes as an address"},
		{ruleNoHandle, Warning, "`riotHandle` is there and not empty"},
		{ruleReuse, Warning, "a slot of the previous list is not reused for another name and stash at once, because it would inherit a stranger's history"},
	}
}

// Finding is one violation of a rule.
type Finding struct {
	Line     int      `json:"line"`
	Severity Severity `json:"severity"`
	Rule     string   `json:"rule"` // code
	Message  string   `json:"message"`
}

// String is "123: error L4: message".
func (f Finding) String() string {
	return fmt.Sprintf("%d: %s %s: %s", f.Line, f.Severity, f.Rule, f.Message)
}

// Count counts the findings of a severity.
func Count(findings []Finding, s Severity) int {
	n := 0
	for _, f := range findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}

// sortFindings orders findings by line, and by rule within a line.
func sortFindings(findings []Finding) {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Rule, b.Rule))
	})
}

// RefusedError says that a list has errors.
type RefusedError struct {
	Location string
	Findings []Finding
}

func (e *RefusedError) Error() string {
	var first *Finding
	errors := 0
	for i, f := range e.Findings {
		if f.Severity != Error {
			continue
		}
		if f.Rule == ruleNetwork {
			return fmt.Sprintf("candidate list %s: %s", e.Location, f.Message)
		}
		if errors++; first == nil {
			first = &e.Findings[i]
		}
	}
	switch errors {
	case 0:
		return fmt.Sprintf("candidate list %s is refused", e.Location)
	case 1:
		return fmt.Sprintf("candidate list %s is refused: line %d: %s (%s)", e.Location, first.Line, first.Message, first.Rule)
	}
	return fmt.Sprintf("candidate list %s is refused for %d errors, the first in line %d: %s (%s)", e.Location, errors, first.Line, first.Message, first.Rule)
}
