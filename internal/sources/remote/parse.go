package remote

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate/ss58"
)

// MaxBytes bounds an answer about one candidate; a real one has a few kilobytes.
const MaxBytes = 256 << 10

// candidate is what is read of the answer of `/candidate/:stash`, of old and of new instances.
type candidate struct {
	Stash    string `json:"stash"`
	Rank     *int   `json:"rank"`
	Valid    *bool  `json:"valid"`
	Validity []struct {
		Valid *bool  `json:"valid"`
		Type  string `json:"type"`
	} `json:"validity"`
	// Reasons is the old field. New instances leave it empty.
	Reasons *string `json:"invalidityReasons"`
}

const (
	maxRank    = 1_000_000
	maxFailing = 32
	maxCode    = 64
)

// parse reads an answer about a stash; nil without an error means that the instance does not know it.
func parse(body []byte, stash string) (*programme.RemoteRank, error) {
	body = bytes.TrimSpace(body)
	if len(body) == 0 || bytes.Equal(body, []byte("null")) {
		return nil, nil
	}
	var c candidate
	if body[0] != '{' || json.Unmarshal(body, &c) != nil {
		return nil, errors.New("it is no candidate")
	}
	if c.Stash == "" || !sameAccount(c.Stash, stash) {
		return nil, errors.New("it is about another stash")
	}
	if c.Rank == nil || *c.Rank < 0 || *c.Rank > maxRank {
		return nil, errors.New("it states no usable rank")
	}
	r := &programme.RemoteRank{Found: true, Rank: *c.Rank}
	if len(c.Validity) > maxFailing {
		return nil, fmt.Errorf("it states %d checks", len(c.Validity))
	}
	for _, v := range c.Validity {
		if v.Valid != nil && !*v.Valid {
			r.Failing = append(r.Failing, code(v.Type))
		}
	}
	switch {
	case c.Valid != nil:
		r.Valid = *c.Valid
	case len(c.Validity) > 0:
		r.Valid = len(r.Failing) == 0
	case c.Reasons != nil:
		r.Valid = *c.Reasons == ""
	default:
		return nil, errors.New("it does not say whether the node is valid")
	}
	if c.Reasons != nil && *c.Reasons != "" && len(r.Failing) == 0 {
		r.Failing = []string{"INVALID"}
	}
	return r, nil
}

// code is the name of a check, of which we do not believe more than that it is a name.
func code(s string) string {
	if s == "" || len(s) > maxCode {
		return "OTHER"
	}
	for _, c := range []byte(s) {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' {
			return "OTHER"
		}
	}
	return s
}

func sameAccount(a, b string) bool {
	_, x, err := ss58.DecodeAccount(a)
	_, y, err2 := ss58.DecodeAccount(b)
	return err == nil && err2 == nil && x == y
}
