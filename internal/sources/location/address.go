package location

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
)

// notPublic are ranges that are global by their form but belong to nobody: documentation, benchmarks, carriers' own
// networks, and wrappers of other addresses (RFC 5737, 3849, 9637, 2544, 6598, 7534, 6052, 3056, 4380).
var notPublic = prefixes(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "240.0.0.0/4",
	"64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16",
)

// unicast6 is the only range from which public IPv6 addresses are given out.
var unicast6 = prefixes("2000::/3")[0]

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		out[i] = netip.MustParsePrefix(t)
	}
	return out
}

// Public reports whether an address can be that of a node on the internet. Others are never asked about: they would
// tell a service about our own network, and no answer could be right.
func Public(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsValid() || a.Zone() != "" || !a.IsGlobalUnicast() || a.IsPrivate() || a.Is6() && !unicast6.Contains(a) {
		return false
	}
	for _, p := range notPublic {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// Key makes names for addresses that tell nothing about them to who does not have it.
type Key [32]byte

// Name is the keyed hash of an address. IPv6 addresses of one /64 have one name: they are one network, and hosts change
// theirs within it.
func (k Key) Name(a netip.Addr) string {
	a = a.Unmap()
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			a = p.Addr()
		}
	}
	b, _ := a.MarshalBinary() // never fails
	h := hmac.New(sha256.New, k[:])
	h.Write(b)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

const keyFile = "address.key"

// LoadKey reads the key from a folder, and makes one when there is none. It is kept beside the database, not in it, so
// that a copy of the database tells no addresses. Without a folder the key lives as long as the process; look-ups are
// then made anew after a restart.
func LoadKey(dir string) (k Key, err error) {
	if dir == "" {
		_, err = rand.Read(k[:])
		return k, err
	}
	name := filepath.Join(dir, keyFile)
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return newKey(name)
	}
	if err != nil {
		return k, fmt.Errorf("read key for addresses: %w", err)
	}
	if len(b) != len(k) {
		return k, fmt.Errorf("read key for addresses %s: it has %d bytes instead of %d; remove it to have a new one made", name, len(b), len(k))
	}
	return Key(b), nil
}

func newKey(name string) (k Key, err error) {
	if _, err := rand.Read(k[:]); err != nil {
		return k, err
	}
	fail := func(err error) (Key, error) { return Key{}, fmt.Errorf("make key for addresses: %w", err) }
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return fail(err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), keyFile+".*.tmp") // for the owner only
	if err != nil {
		return fail(err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // it has another name by now, or is of no use
	_, err = tmp.Write(k[:])
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return fail(err)
	}
	// A link fails when another process was faster; its key counts then.
	if err := os.Link(tmp.Name(), name); errors.Is(err, fs.ErrExist) {
		return LoadKey(filepath.Dir(name))
	} else if err != nil {
		return fail(err)
	}
	return k, nil
}
