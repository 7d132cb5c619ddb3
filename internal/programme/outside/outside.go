// Package outside holds the nouns of what sources beyond the chains have told, in the form in which it is kept:
// places of nodes, the client release, prices, ranks on another network, and how each source is doing.
//
// Nothing here holds an IP address. Where a node was found is kept under its slot, and look-ups are remembered under
// a keyed hash of the address; docs/sources.md says why.
package outside

import (
	"github.com/thousand-validators/otv/internal/programme"
)

// Place is where an address is. Empty text, 0 and nil mean unknown.
type Place struct {
	City     string `json:"city,omitempty"`
	Region   string `json:"region,omitempty"`
	Country  string `json:"country,omitempty"`  // ISO 3166 alpha-2
	Provider string `json:"provider,omitempty"` // name of the autonomous system's owner
	ASN      uint32 `json:"asn,omitempty"`      // autonomous system number
	VPN      *bool  `json:"vpn,omitempty"`
}

// Known reports whether anything is known of the place.
func (p Place) Known() bool {
	return p.City != "" || p.Region != "" || p.Country != "" || p.Provider != "" || p.ASN != 0 || p.VPN != nil
}

// Same reports whether two places are the same in everything.
func (p Place) Same(q Place) bool {
	a, b := p.VPN, q.VPN
	p.VPN, q.VPN = nil, nil
	return p == q && (a == nil) == (b == nil) && (a == nil || *a == *b)
}

// Fill takes from q what p does not know.
func (p Place) Fill(q Place) Place {
	text := func(dst *string, from string) {
		if *dst == "" {
			*dst = from
		}
	}
	text(&p.City, q.City)
	text(&p.Region, q.Region)
	text(&p.Country, q.Country)
	if p.Provider == "" && (p.ASN == 0 || p.ASN == q.ASN) { // a name never stands beside the number of another system
		p.Provider = q.Provider
		if p.ASN == 0 {
			p.ASN = q.ASN
		}
	}
	if p.VPN == nil {
		p.VPN = q.VPN
	}
	return p
}

// Confidence is how far a location can be trusted.
type Confidence string

// The degrees of confidence.
const (
	High   Confidence = "high"   // an operator said so
	Medium Confidence = "medium" // a location service, by the address from which the node reports
	Low    Confidence = "low"    // no country is known, for example only the city that the telemetry feed shows
)

// Located says where the node of a slot is. A slot that moves gets a new one; the old ones are its history.
type Located struct {
	Network string            `json:"network"`
	Slot    int               `json:"slot"`
	Stash   programme.Address `json:"stash"`
	Name    string            `json:"name"` // of the node
	Place   Place             `json:"place"`
	// Source names where the place is from, several joined by "+".
	Source     string           `json:"source"`
	Confidence Confidence       `json:"confidence"`
	Since      programme.Millis `json:"since"` // first time the node was found there
	At         programme.Millis `json:"at"`    // newest confirmation
}

// Lookup is what one location source said of an address; the address itself is not kept.
type Lookup struct {
	Source string // name of the source
	Key    string // keyed hash of the address
	// Found is false when the source knows nothing of the address.
	Found bool
	Place Place
	At    programme.Millis // of the newest answer; 0 = never
	// Retry is the moment from which the source may be asked about the address again.
	Retry programme.Millis
	// Failures counts the attempts that failed since the newest answer.
	Failures int
}

// Release is a release of the client as its publisher lists it.
type Release struct {
	Network   string           `json:"network"`
	Tag       string           `json:"tag"`
	Name      string           `json:"name"` // version, "v1.15.2"
	Published programme.Millis `json:"publishedAt"`
	FirstSeen programme.Millis `json:"firstSeen"` // when it was found first
	At        programme.Millis `json:"at"`        // newest confirmation that it is the greatest
	Source    string           `json:"source"`
	// ETag lets the next request ask only for a change.
	ETag string `json:"-"`
}

// Grace is the start of the time to upgrade: nobody can upgrade before a release is out, and a programme that did not
// see it must not demand it.
func (r Release) Grace() programme.Millis { return max(r.Published, r.FirstSeen) }

// Remote is what another instance of the programme said of a stash.
type Remote struct {
	Network string // the network of our programme
	Stash   string // in the address form of the other network
	Answer  programme.RemoteRank
}

// Price is what one token cost in a currency on a day (UTC).
type Price struct {
	Asset    string           `json:"asset"` // "polkadot"
	Day      string           `json:"day"`   // "2025-11-05"
	Currency string           `json:"currency"`
	Value    Nano             `json:"value"`
	Source   string           `json:"source"`
	At       programme.Millis `json:"at"` // when it was read
}

// Health is how a source is doing, for the health page and for rounds.
type Health struct {
	Network string                `json:"network"`
	Name    string                `json:"name"` // "location", "release", "remote-rank", "prices"
	State   programme.SourceState `json:"state"`
	// Detail is one sentence; empty when all is well.
	Detail string `json:"detail,omitempty"`
	// Good is the moment of the newest good value and Tried of the newest attempt; 0 = never.
	Good  programme.Millis `json:"good"`
	Tried programme.Millis `json:"tried"`
	// Failures counts the attempts that failed since the newest good one.
	Failures int `json:"failures"`
	// Retry is the moment before which the source is not asked again; 0 = any time.
	Retry programme.Millis `json:"retry,omitempty"`
}

// The names of sources that are no source of a round.
const SourcePrices = "prices"
