package location

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/thousand-validators/otv/internal/programme/outside"
	"github.com/thousand-validators/otv/internal/sources/fetch"
)

// Plan is a product of ipinfo; they differ in address and answer.
type Plan string

// The products.
const (
	PlanLegacy Plan = "legacy" // https://ipinfo.io/<address>/json
	PlanLite   Plan = "lite"   // https://api.ipinfo.io/lite/<address>: country and provider only
	PlanCore   Plan = "core"   // https://api.ipinfo.io/lookup/<address>, also Plus
)

// URL is where the product is, unless it is configured.
func (p Plan) URL() string {
	if p == PlanLegacy {
		return "https://ipinfo.io"
	}
	return "https://api.ipinfo.io"
}

// IPInfo asks ipinfo. The token goes into a header, see [Secret].
type IPInfo struct {
	Client *fetch.Client
	Base   string // empty means the plan's own
	Plan   Plan
}

// Secret is the header that carries the token, for [fetch.Options].
func Secret(token string) http.Header {
	if token == "" {
		return nil
	}
	return http.Header{"Authorization": {"Bearer " + token}}
}

// MaxAnswer bounds an answer about one address.
const MaxAnswer = 64 << 10

// Name is the name of the source.
func (*IPInfo) Name() string { return "ipinfo" }

// Local says that look-ups leave the machine.
func (*IPInfo) Local() bool { return false }

// Locate asks about an address. Errors never hold it.
func (i *IPInfo) Locate(ctx context.Context, a netip.Addr) (outside.Place, error) {
	base := i.Base
	if base == "" {
		base = i.Plan.URL()
	}
	path := map[Plan]string{PlanLegacy: "/%s/json", PlanLite: "/lite/%s", PlanCore: "/lookup/%s"}[i.Plan]
	if path == "" {
		return outside.Place{}, fmt.Errorf("look up location: there is no plan %q of ipinfo", i.Plan)
	}
	var place outside.Place
	_, err := i.Client.Get(ctx, fetch.Request{
		URL: strings.TrimRight(base, "/") + fmt.Sprintf(path, url.PathEscape(a.Unmap().String())),
		Decode: func(body []byte) (err error) {
			place, err = parseIPInfo(body, a)
			if errors.Is(err, ErrNotFound) { // an answer as good as any
				place, err = outside.Place{}, nil
			}
			return err
		},
	})
	if fetch.KindOf(err) == fetch.NotFound || err == nil && !place.Known() {
		return outside.Place{}, ErrNotFound
	}
	return place, err
}

// answer is what is read of the answers of all three products. Every part may be missing; which are there depends on
// what was bought.
type answer struct {
	IP          string          `json:"ip"`
	Bogon       bool            `json:"bogon"`
	City        string          `json:"city"`
	Region      string          `json:"region"`
	Country     string          `json:"country"` // a code, with the product Lite a name
	CountryCode string          `json:"country_code"`
	Org         string          `json:"org"`
	ASN         json.RawMessage `json:"asn"` // an object, with the product Lite a text
	ASName      string          `json:"as_name"`
	Privacy     *struct {
		VPN *bool `json:"vpn"`
	} `json:"privacy"`
	Geo *struct {
		City        string `json:"city"`
		Region      string `json:"region"`
		Country     string `json:"country"`
		CountryCode string `json:"country_code"`
	} `json:"geo"`
	AS *struct {
		ASN  string `json:"asn"`
		Name string `json:"name"`
	} `json:"as"`
	Anonymous *struct {
		VPN *bool `json:"is_vpn"`
	} `json:"anonymous"`
}

func parseIPInfo(body []byte, asked netip.Addr) (outside.Place, error) {
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		return outside.Place{}, errors.New("it is no location")
	}
	if a.IP != "" {
		if got, err := netip.ParseAddr(a.IP); err != nil || got.Unmap() != asked.Unmap() {
			return outside.Place{}, errors.New("it is about another address")
		}
	}
	if a.Bogon {
		return outside.Place{}, ErrNotFound
	}
	p := outside.Place{City: name(a.City), Region: name(a.Region), Country: country(first(a.CountryCode, a.Country))}
	if a.Geo != nil {
		p = p.Fill(outside.Place{City: name(a.Geo.City), Region: name(a.Geo.Region), Country: country(first(a.Geo.CountryCode, a.Geo.Country))})
	}
	p.ASN, p.Provider = a.provider()
	if a.Privacy != nil {
		p.VPN = a.Privacy.VPN
	}
	if a.Anonymous != nil && p.VPN == nil {
		p.VPN = a.Anonymous.VPN
	}
	if !p.Known() {
		return outside.Place{}, ErrNotFound
	}
	return p, nil
}

// provider is the owner of the autonomous system, wherever the product states it.
func (a *answer) provider() (uint32, string) {
	var object struct {
		ASN  string `json:"asn"`
		Name string `json:"name"`
	}
	var text string
	switch {
	case json.Unmarshal(a.ASN, &object) == nil && (name(object.Name) != "" || asn(object.ASN) != 0):
		return asn(object.ASN), name(object.Name)
	case json.Unmarshal(a.ASN, &text) == nil && (asn(text) != 0 || name(a.ASName) != ""):
		return asn(text), name(a.ASName)
	case a.AS != nil && (asn(a.AS.ASN) != 0 || name(a.AS.Name) != ""):
		return asn(a.AS.ASN), name(a.AS.Name)
	}
	return organisation(a.Org)
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
