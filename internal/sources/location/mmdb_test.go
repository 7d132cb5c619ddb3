package location

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/thousand-validators/otv/internal/programme/outside"
)

func text(s string) mmdbtype.String { return mmdbtype.String(s) }

func named(english string) mmdbtype.Map {
	return mmdbtype.Map{"names": mmdbtype.Map{"de": text("anders"), "en": text(english)}}
}

// database makes an .mmdb file with one record.
func database(t testing.TB, kind, network string, record mmdbtype.Map) []byte {
	t.Helper()
	w, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: kind, BuildEpoch: 1_700_000_000, IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	_, n, err := net.ParseCIDR(network)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Insert(n, record); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := w.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func city(t testing.TB, name string) []byte {
	country := named("Norway")
	country["iso_code"] = text("NO")
	return database(t, "GeoLite2-City", "8.8.4.0/24", mmdbtype.Map{
		"city": named(name), "subdivisions": mmdbtype.Slice{named("Vestland"), named("Other")}, "country": country,
		"location": mmdbtype.Map{"latitude": mmdbtype.Float64(60.4), "longitude": mmdbtype.Float64(5.3)},
	})
}

func write(t *testing.T, file string, b []byte) {
	t.Helper()
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFileLayouts(t *testing.T) {
	no := false
	tests := []struct {
		kind   string
		record mmdbtype.Map
		want   outside.Place
	}{
		{"GeoLite2-ASN", mmdbtype.Map{"autonomous_system_number": mmdbtype.Uint32(64500), "autonomous_system_organization": text("Nordic Hosting AS")}, outside.Place{ASN: 64500, Provider: "Nordic Hosting AS"}},
		{"GeoIP2-Anonymous-IP", mmdbtype.Map{"is_anonymous_vpn": mmdbtype.Bool(false)}, outside.Place{VPN: &no}},
		{"ipinfo standard_location.mmdb", mmdbtype.Map{"city": text("Oslo"), "region": text("Oslo"), "country": text("NO"), "lat": text("1"), "lng": text("2")}, outside.Place{City: "Oslo", Region: "Oslo", Country: "NO"}},
		{"ipinfo generic_asn.mmdb", mmdbtype.Map{"asn": text("AS64500"), "name": text("Nordic Hosting AS"), "domain": text("x"), "country": text("NO")}, outside.Place{Country: "NO", ASN: 64500, Provider: "Nordic Hosting AS"}},
		{"ipinfo country_asn.mmdb", mmdbtype.Map{"asn": text("AS64500"), "as_name": text("Nordic Hosting AS"), "country": text("NO"), "country_name": text("Norway")}, outside.Place{Country: "NO", ASN: 64500, Provider: "Nordic Hosting AS"}},
		{"ipinfo bundle_location_lite.mmdb", mmdbtype.Map{"asn": text("AS64500"), "as_name": text("Nordic Hosting AS"), "country": text("Norway"), "country_code": text("NO")}, outside.Place{Country: "NO", ASN: 64500, Provider: "Nordic Hosting AS"}},
	}
	for _, tt := range tests {
		t.Run(tt.kind, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "x.mmdb")
			write(t, file, database(t, tt.kind, "8.8.4.0/24", tt.record))
			f := OpenFile(file)
			defer f.Close()
			got, err := f.Locate(t.Context(), addr1)
			if err != nil || !got.Same(tt.want) {
				t.Errorf("got %+v, %v", got, err)
			}
			if _, err := f.Locate(t.Context(), addr2); !errors.Is(err, ErrNotFound) {
				t.Errorf("an address that is not in it: %v", err)
			}
		})
	}
}

func TestFileIsOpenedAnew(t *testing.T) {
	file := filepath.Join(t.TempDir(), "GeoLite2-City.mmdb")
	f := OpenFile(file)
	defer f.Close()
	if f.Name() != "mmdb:GeoLite2-City" || !f.Local() || !f.Built().IsZero() {
		t.Errorf("%s, %v, %s", f.Name(), f.Local(), f.Built())
	}
	if _, err := f.Locate(t.Context(), addr1); err == nil || errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), file) {
		t.Errorf("a missing file: %v", err)
	}
	write(t, file, city(t, "Bergen"))
	want := outside.Place{City: "Bergen", Region: "Vestland", Country: "NO"}
	check := func(step string) {
		t.Helper()
		if got, err := f.Locate(t.Context(), netip.MustParseAddr("::ffff:8.8.4.4")); err != nil || !got.Same(want) {
			t.Errorf("%s: %+v, %v", step, got, err)
		}
	}
	check("new")
	if !f.Built().Equal(time.Unix(1_700_000_000, 0)) {
		t.Errorf("built %s", f.Built())
	}
	replace := func(b []byte) {
		t.Helper()
		write(t, file+".new", b)
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}
	replace(city(t, "Stavanger"))
	want.City = "Stavanger"
	check("replaced")
	replace([]byte("no database"))
	check("replaced by something else")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	check("removed")
}

// A file that is shortened while it is mapped makes reading it fault, which must not end the process.
func TestShortenedFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.mmdb")
	write(t, file, city(t, "Bergen"))
	r, err := maxminddb.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := os.Truncate(file, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := locate(r, addr1); err == nil || !strings.Contains(err.Error(), "changed while it was read") {
		t.Errorf("error %v", err)
	}
}

func FuzzFile(f *testing.F) {
	f.Add(city(f, "Bergen"))
	f.Add(database(f, "ipinfo generic_asn.mmdb", "8.8.4.0/24", mmdbtype.Map{"asn": text("AS64500"), "name": text("N")}))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := maxminddb.OpenBytes(b)
		if err != nil {
			return
		}
		p, err := locate(r, addr1)
		if (err == nil) != p.Known() {
			t.Fatalf("%+v, %v", p, err)
		}
		checkPlace(t, p)
	})
}
