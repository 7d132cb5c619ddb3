package location

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/thousand-validators/otv/internal/programme/outside"
)

// File looks addresses up in an .mmdb file of MaxMind or of ipinfo. A file that was replaced is opened anew.
type File struct {
	path string

	mu      sync.Mutex
	reader  *maxminddb.Reader
	modTime time.Time
	size    int64
}

// OpenFile makes a source of a file; it is opened with the first look-up.
func OpenFile(path string) *File { return &File{path: path} }

// Name is the name of the source: that of the file.
func (f *File) Name() string { return "mmdb:" + strings.TrimSuffix(filepath.Base(f.path), ".mmdb") }

// Local says that look-ups stay on the machine, so that they need no cache.
func (*File) Local() bool { return true }

// Close closes the file.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.reader == nil {
		return nil
	}
	r := f.reader
	f.reader = nil
	return r.Close()
}

// Locate looks an address up.
func (f *File) Locate(_ context.Context, a netip.Addr) (outside.Place, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.open(); err != nil {
		return outside.Place{}, fmt.Errorf("look up location in %s: %w", f.path, err)
	}
	p, err := locate(f.reader, a)
	if err != nil && !errors.Is(err, ErrNotFound) {
		err = fmt.Errorf("look up location in %s: %w", f.path, err)
	}
	return p, err
}

// Built is when the data was made, the zero time when the file is not open yet.
func (f *File) Built() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.reader == nil {
		return time.Time{}
	}
	return f.reader.Metadata.BuildTime()
}

// open opens the file, or the one that has taken its place. While a new one cannot be read, the old one stays in use.
func (f *File) open() error {
	info, err := os.Stat(f.path)
	if err != nil {
		if f.reader != nil {
			return nil
		}
		return errors.Unwrap(err)
	}
	if f.reader != nil && info.ModTime().Equal(f.modTime) && info.Size() == f.size {
		return nil
	}
	r, err := maxminddb.Open(f.path)
	if err != nil {
		if f.reader != nil {
			return nil
		}
		return err
	}
	if f.reader != nil {
		_ = f.reader.Close() // it was only read
	}
	f.reader, f.modTime, f.size = r, info.ModTime(), info.Size()
	return nil
}

// names are the names of a place in several languages.
type names struct {
	Names struct {
		English string `maxminddb:"en"`
	} `maxminddb:"names"`
	ISO string `maxminddb:"iso_code"`
}

// maxMind is what is read of the City, Country, ASN, ISP and Enterprise files of MaxMind.
type maxMind struct {
	City         names   `maxminddb:"city"`
	Subdivisions []names `maxminddb:"subdivisions"`
	Country      names   `maxminddb:"country"`
	ASN          uint32  `maxminddb:"autonomous_system_number"`
	Owner        string  `maxminddb:"autonomous_system_organization"`
	VPN          *bool   `maxminddb:"is_anonymous_vpn"`
}

// flat is what is read of the files of ipinfo: all of them are flat and all values are text.
type flat struct {
	City        string `maxminddb:"city"`
	Region      string `maxminddb:"region"`
	Country     string `maxminddb:"country"` // a code, in newer files a name beside country_code
	CountryCode string `maxminddb:"country_code"`
	ASN         string `maxminddb:"asn"`
	ASName      string `maxminddb:"as_name"`
	Name        string `maxminddb:"name"` // in the file with systems only
}

// locate reads the record of an address. A file that is shortened while it is open makes reading it fault; that is an
// error here and not the end of the process.
func locate(r *maxminddb.Reader, a netip.Addr) (p outside.Place, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if recover() != nil {
			p, err = outside.Place{}, errors.New("the file was changed while it was read; replace it by renaming another one")
		}
	}()
	result := r.Lookup(a.Unmap())
	if err := result.Err(); err != nil {
		return p, err
	}
	if !result.Found() {
		return p, ErrNotFound
	}
	if strings.Contains(strings.ToLower(r.Metadata.DatabaseType), "ipinfo") {
		var v flat
		if err := result.Decode(&v); err != nil {
			return p, err
		}
		p = outside.Place{City: name(v.City), Region: name(v.Region), Country: country(first(v.CountryCode, v.Country)), ASN: asn(v.ASN), Provider: name(v.ASName)}
		if p.Provider == "" && p.ASN != 0 {
			p.Provider = name(v.Name)
		}
	} else {
		var v maxMind
		if err := result.Decode(&v); err != nil {
			return p, err
		}
		p = outside.Place{City: name(v.City.Names.English), Country: country(v.Country.ISO), ASN: v.ASN, Provider: name(v.Owner), VPN: v.VPN}
		if len(v.Subdivisions) > 0 {
			p.Region = name(v.Subdivisions[0].Names.English)
		}
	}
	if !p.Known() {
		return p, ErrNotFound
	}
	return p, nil
}
