package programme

// Override is an operator's answer to one check of one candidate. It counts instead of the check's own answer until it
// expires, in every round and every look between rounds, whatever the rule set (docs/rules.md, "Overrides").
type Override struct {
	Code    Code   `json:"code"`
	State   State  `json:"state"` // Pass or Fail
	Author  string `json:"author"`
	Reason  string `json:"reason"`
	At      Millis `json:"at"`      // when it was ordered
	Expires Millis `json:"expires"` // first moment at which it does not count any more
}
