package simsources

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The services below are called with s.mu held; they return a body and a status.

func (s *Server) listReleases(*http.Request) (any, int) {
	list := []any{}
	for i, r := range s.releases {
		list = append(list, map[string]any{
			"id": len(s.releases) - i, "tag_name": r.Tag, "name": r.Title, "draft": false, "prerelease": r.Prerelease,
			"created_at": rfc3339(r.Published), "published_at": rfc3339(r.Published), "body": "Simulated release.",
		})
	}
	return list, http.StatusOK
}

func rfc3339(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339) }

// location answers in the form of the product that the path is of: ADDRESS or ADDRESS/json, lite/ADDRESS, lookup/ADDRESS.
func (s *Server) location(r *http.Request) (any, int) {
	first, second, _ := strings.Cut(r.PathValue("path"), "/")
	ip := first
	if first == "lite" || first == "lookup" {
		ip = second
	}
	p, ok := s.places[ip]
	asn := fmt.Sprintf("AS%d", p.ASN)
	switch {
	case !ok:
		return map[string]any{"ip": ip, "bogon": true}, http.StatusOK
	case first == "lite":
		return map[string]any{"ip": ip, "asn": asn, "as_name": p.Provider, "as_domain": "example.org", "country_code": p.Country}, http.StatusOK
	case first == "lookup":
		return map[string]any{
			"ip": ip, "geo": map[string]any{"city": p.City, "region": p.Region, "country_code": p.Country, "latitude": p.Latitude, "longitude": p.Longitude},
			"as": map[string]any{"asn": asn, "name": p.Provider, "domain": "example.org", "type": "hosting"}, "is_hosting": true,
		}, http.StatusOK
	}
	return map[string]any{
		"ip": ip, "city": p.City, "region": p.Region, "country": p.Country, "loc": fmt.Sprintf("%.4f,%.4f", p.Latitude, p.Longitude),
		"org":     asn + " " + p.Provider,
		"asn":     map[string]any{"asn": asn, "name": p.Provider, "domain": "example.org", "route": "", "type": "hosting"},
		"privacy": map[string]any{"vpn": p.VPN, "proxy": false, "tor": false, "relay": false, "hosting": true},
	}, http.StatusOK
}

// inCurrencies is the price in the currencies that are commonly asked for.
func (s *Server) inCurrencies() map[string]float64 {
	return map[string]float64{"usd": s.price, "eur": s.price * 0.9, "chf": s.price * 0.85}
}

func (s *Server) currentPrice(r *http.Request) (any, int) {
	out := map[string]any{}
	if slices.Contains(strings.Split(r.URL.Query().Get("ids"), ","), s.asset) {
		out[s.asset] = s.inCurrencies()
	}
	return out, http.StatusOK
}

func (s *Server) priceOfDay(r *http.Request) (any, int) {
	day, err := time.Parse("02-01-2006", r.URL.Query().Get("date"))
	switch {
	case r.PathValue("id") != s.asset:
		return map[string]any{"error": "coin not found"}, http.StatusNotFound
	case err != nil:
		return map[string]any{"error": "invalid date"}, http.StatusBadRequest
	case day.UnixMilli() > s.now():
		return map[string]any{"id": s.asset}, http.StatusOK
	}
	return map[string]any{"id": s.asset, "market_data": map[string]any{"current_price": s.inCurrencies()}}, http.StatusOK
}

func (r Rank) body(stash string) map[string]any {
	checks := []any{}
	for _, f := range r.Failing {
		checks = append(checks, map[string]any{"type": f, "valid": false, "details": ""})
	}
	return map[string]any{"stash": stash, "name": r.Name, "rank": r.Rank, "valid": r.Valid, "validity": checks, "invalidityReasons": ""}
}

// remoteCandidate answers an unknown stash with nothing, as the real instance does.
func (s *Server) remoteCandidate(r *http.Request) (any, int) {
	stash := r.PathValue("stash")
	rank, ok := s.ranks[stash]
	if !ok {
		return []byte{}, http.StatusOK
	}
	return rank.body(stash), http.StatusOK
}

func (s *Server) remoteCandidates(*http.Request) (any, int) {
	var stashes []string
	for stash := range s.ranks {
		stashes = append(stashes, stash)
	}
	slices.Sort(stashes)
	list := []any{}
	for _, stash := range stashes {
		list = append(list, s.ranks[stash].body(stash))
	}
	return list, http.StatusOK
}

func (s *Server) candidateList(*http.Request) (any, int) {
	return s.candidates, http.StatusOK
}
