package programme

// Code names a check. The names are those of the old backend, misspelling included: consumers match on them.
type Code string

// The checks a candidate goes through.
const (
	CodeOnline         Code = "ONLINE"
	CodeIntention      Code = "VALIDATE_INTENTION"
	CodeClientUpgrade  Code = "CLIENT_UPGRADE"
	CodeConnectionTime Code = "CONNECTION_TIME"
	CodeIdentity       Code = "IDENTITY"
	CodeOfflineTime    Code = "ACCUMULATED_OFFLINE_TIME"
	CodeCommission     Code = "COMMISION"
	CodeSelfStake      Code = "SELF_STAKE"
	CodeUnclaimed      Code = "UNCLAIMED_REWARDS"
	CodeBlocked        Code = "BLOCKED"
	CodeKusamaRank     Code = "KUSAMA_RANK"
	CodeProvider       Code = "PROVIDER"
	CodeBeefy          Code = "BEEFY"
	CodeSanctionedGeo  Code = "SANCTIONED_GEO_AREA"
	CodeSuspended      Code = "SUSPENDED"
)

// State is the answer of a check.
type State string

// The four answers. Unknown means that the source did not tell; it is never a fault.
const (
	Pass          State = "pass"
	Fail          State = "fail"
	Unknown       State = "unknown"
	NotApplicable State = "n/a"
)

// Verdict is the answer of one check for one candidate.
type Verdict struct {
	Code  Code  `json:"code"`
	State State `json:"state"`
	// Detail is one sentence for people; empty when the check passes without remark.
	Detail string `json:"detail,omitempty"`
	// Value is what was observed and Limit what is demanded, each with its unit.
	Value string `json:"value,omitempty"`
	Limit string `json:"limit,omitempty"`
	// Source is where the value comes from and At the moment for which it holds.
	Source SourceName `json:"source"`
	At     Millis     `json:"at"`
	// Changes is the moment at which the answer changes by itself (a grace or waiting time ends); 0 = never.
	Changes Millis `json:"changes,omitempty"`
	// Held is the last definite answer that stands in for an unknown one, and HeldAt its moment.
	Held   State  `json:"held,omitempty"`
	HeldAt Millis `json:"heldAt,omitempty"`
	// Overridden is the check's own answer while an operator's stands in State; empty without an [Override]. Value, limit,
	// source and what is held are the check's own all the same.
	Overridden State `json:"overridden,omitempty"`
}

// Own is the answer of the check itself, whatever an operator says.
func (v Verdict) Own() State {
	if v.Overridden != "" {
		return v.Overridden
	}
	return v.State
}

// Effective is the answer that counts: the held one while the check is unknown, else its own.
func (v Verdict) Effective() State {
	if v.State == Unknown && v.Held != "" {
		return v.Held
	}
	return v.State
}

// Validity is the conjunction of a candidate's checks.
type Validity string

// The three outcomes. Undecided: no check fails, but at least one is unknown and holds no earlier answer.
const (
	Valid     Validity = "valid"
	Invalid   Validity = "invalid"
	Undecided Validity = "unknown"
)
