package location

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/thousand-validators/otv/internal/programme/outside"
)

// Correction is what an operator knows better. It is for the node with the given slot, name and stash, as far as they
// are given; what it states replaces what sources say.
type Correction struct {
	Slot  *int   `json:"slot,omitempty"`
	Name  string `json:"name,omitempty"`
	Stash string `json:"stash,omitempty"`

	City     string `json:"city,omitempty"`
	Region   string `json:"region,omitempty"`
	Country  string `json:"country,omitempty"`
	Provider string `json:"provider,omitempty"`
	ASN      uint32 `json:"asn,omitempty"`
	// Reason is for people; it is required, because a correction decides about somebody's nomination.
	Reason string `json:"reason"`
}

// Limits of a corrections file.
const (
	maxCorrections     = 10_000
	maxCorrectionsFile = 4 << 20
)

// ReadCorrections reads a corrections file.
func ReadCorrections(path string) ([]Correction, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read corrections of locations: %w", err)
	}
	defer func() { _ = f.Close() }() // nothing was written
	b, err := io.ReadAll(io.LimitReader(f, maxCorrectionsFile+1))
	if err == nil && len(b) > maxCorrectionsFile {
		err = fmt.Errorf("it is greater than the limit of %d bytes", maxCorrectionsFile)
	}
	var list []Correction
	if err == nil {
		list, err = ParseCorrections(b)
	}
	if err != nil {
		return nil, fmt.Errorf("read corrections of locations %s: %w", path, err)
	}
	return list, nil
}

// ParseCorrections reads the content of a corrections file strictly: a mistyped key would leave a node wrongly judged.
func ParseCorrections(b []byte) ([]Correction, error) {
	var file struct {
		Corrections []Correction `json:"corrections"`
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&file); err != nil {
		line := 1 + bytes.Count(b[:min(int(dec.InputOffset()), len(b))], []byte("\n"))
		return nil, fmt.Errorf("near line %d: %s", line, strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more text after the JSON object")
	}
	if len(file.Corrections) > maxCorrections {
		return nil, fmt.Errorf("it has %d corrections; the limit is %d", len(file.Corrections), maxCorrections)
	}
	for i := range file.Corrections {
		if err := file.Corrections[i].check(); err != nil {
			return nil, fmt.Errorf("corrections[%d]: %w", i, err)
		}
	}
	return file.Corrections, nil
}

func (c *Correction) check() error {
	switch {
	case c.Slot == nil && c.Name == "" && c.Stash == "":
		return errors.New("it names no slot, name or stash")
	case strings.TrimSpace(c.Reason) == "":
		return errors.New("it has no reason")
	case c.Country != "" && country(c.Country) != c.Country:
		return fmt.Errorf("country %.40q is no code of two capital letters", c.Country)
	case c.Provider == "" && c.ASN != 0:
		return errors.New("it has the number of a provider, but no name")
	}
	for _, t := range []string{c.City, c.Region, c.Provider} {
		if name(t) != t {
			return fmt.Errorf("%.40q is no name of a place or provider", t)
		}
	}
	if !c.place().Known() {
		return errors.New("it corrects nothing")
	}
	return nil
}

func (c *Correction) place() outside.Place {
	return outside.Place{City: c.City, Region: c.Region, Country: c.Country, Provider: c.Provider, ASN: c.ASN}
}

// of reports whether the correction is for a node.
func (c *Correction) of(n *Node) bool {
	return (c.Slot == nil || *c.Slot == n.Slot) && (c.Name == "" || c.Name == n.Name) && (c.Stash == "" || c.Stash == string(n.Stash))
}

// corrected lays all corrections of a node over each other, the later ones on top.
func corrected(list []Correction, n *Node) outside.Place {
	var p outside.Place
	for i := range list {
		if list[i].of(n) {
			p = list[i].place().Fill(p)
		}
	}
	return p
}
