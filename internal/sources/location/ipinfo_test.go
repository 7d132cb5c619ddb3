package location

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/thousand-validators/otv/internal/programme/outside"
	"github.com/thousand-validators/otv/internal/sources/fetch"
	"github.com/thousand-validators/otv/internal/sources/fetchtest"
)

func TestIPInfoPlans(t *testing.T) {
	const lite = `{"ip":"8.8.4.4","asn":"AS15169","as_name":"Google LLC","as_domain":"google.com","country_code":"US","country":"United States","continent_code":"NA","continent":"North America"}`
	const core = `{"ip":"8.8.4.4","geo":{"city":"Dallas","region":"Texas","region_code":"TX","country":"United States","country_code":"US","latitude":32.7},"as":{"asn":"AS15169","name":"Google LLC","type":"hosting"},"is_hosting":true}`
	paths := map[string]string{"/8.8.4.4/json": `{"ip":"8.8.4.4","city":"Dallas","region":"Texas","country":"US","loc":"1,2","org":"AS15169 Google LLC"}`, "/lite/8.8.4.4": lite, "/lookup/8.8.4.4": core}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer t0ken" || r.URL.RawQuery != "" {
			t.Errorf("the token is not in the header: %v, %s", r.Header, r.URL)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprint(w, paths[r.URL.Path])
	}))
	defer server.Close()
	client := fetch.New(fetch.Options{What: "locations", Clock: fetchtest.NewClock(), Rate: 1000, Secret: Secret("t0ken")})
	google := outside.Place{Country: "US", Provider: "Google LLC", ASN: 15169}
	full := outside.Place{City: "Dallas", Region: "Texas"}.Fill(google)
	for plan, want := range map[Plan]outside.Place{PlanLegacy: full, PlanLite: google, PlanCore: full} {
		got, err := (&IPInfo{Client: client, Base: server.URL, Plan: plan}).Locate(t.Context(), addr1)
		if err != nil || !got.Same(want) {
			t.Errorf("%s: %+v, %v", plan, got, err)
		}
	}
	if _, err := (&IPInfo{Client: client, Base: server.URL, Plan: "x"}).Locate(t.Context(), addr1); err == nil {
		t.Error("an unknown plan works")
	}
}

func TestParseIPInfo(t *testing.T) {
	vpn := true
	tests := []struct {
		name, body string
		want       outside.Place
		err        string
	}{
		{"bought with everything", `{"ip":"8.8.4.4","city":"Oslo","region":"Oslo","country":"no","org":"AS1 Other","asn":{"asn":"AS64500","name":"Nordic Hosting AS","domain":"x","route":"y","type":"hosting"},"privacy":{"vpn":true}}`, outside.Place{City: "Oslo", Region: "Oslo", Country: "NO", Provider: "Nordic Hosting AS", ASN: 64500, VPN: &vpn}, ""},
		{"no ip in the answer", `{"country":"NO"}`, outside.Place{Country: "NO"}, ""},
		{"an organisation without a number", `{"org":"Example"}`, outside.Place{Provider: "Example"}, ""},
		{"names that stand for none", `{"city":"None","region":"n/a","country":"XXX","org":"AS64500 Example"}`, outside.Place{Provider: "Example", ASN: 64500}, ""},
		{"control characters", `{"city":"Os\u0000lo\u202e ","country":"NO"}`, outside.Place{City: "Oslo", Country: "NO"}, ""},
		{"names without end", `{"city":"` + strings.Repeat("x", 1000) + `","country":"NO"}`, outside.Place{Country: "NO"}, ""},
		{"bogon", `{"ip":"8.8.4.4","bogon":true}`, outside.Place{}, ErrNotFound.Error()},
		{"nothing", `{"ip":"8.8.4.4"}`, outside.Place{}, ErrNotFound.Error()},
		{"another address", `{"ip":"8.8.8.8","country":"NO"}`, outside.Place{}, "another address"},
		{"a list", `[]`, outside.Place{}, "no location"},
		{"a number as city", `{"city":5}`, outside.Place{}, "no location"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseIPInfo([]byte(tt.body), addr1)
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Fatalf("error %v, want %q", err, tt.err)
			}
			if !got.Same(tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func FuzzIPInfo(f *testing.F) {
	f.Add(`{"ip":"8.8.4.4","city":"Oslo","region":"Oslo","country":"NO","org":"AS1 Other","asn":{"asn":"AS64500","name":"N"},"privacy":{"vpn":true}}`)
	f.Add(`{"asn":"AS15169","as_name":"Google LLC","country_code":"US"}`)
	f.Add(`{"geo":{"city":"x"},"as":{"asn":"5"},"anonymous":{"is_vpn":false}}`)
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parseIPInfo([]byte(s), addr1)
		if (err == nil) != p.Known() {
			t.Fatalf("%+v, %v", p, err)
		}
		checkPlace(t, p)
	})
}
