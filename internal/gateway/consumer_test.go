package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/thousand-validators/otv/internal/rounds/roundstest"
)

// consumer is a program of somebody else, written for the old backend: it knows nothing but the members that the old API
// documents, and fails where one that is always there is not.
type consumer struct {
	ctx  context.Context //nolint:containedctx // that of the test
	base string
	http *http.Client
}

type (
	consumerScore struct {
		Address    string
		Session    *int
		Total      *float64
		Aggregate  *float64
		Randomness *float64
		Updated    *int64
	}
	consumerCandidate struct {
		SlotID      *int `json:"slotId"`
		Name        string
		Stash       string
		KYC         bool
		Active      bool
		Bonded      *float64
		Valid       *bool
		Commission  *float64
		Total       float64
		Rank        *int
		Inclusion   float64
		Memory      string
		CoreCount   string
		Location    string
		Matrix      []string
		Score       *consumerScore
		Identity    *struct{ Name, Address string }
		Nominations struct {
			TotalStake       float64
			ActiveNominators int
		}
		Validity []struct {
			Type, Details string
			Valid         bool
			Updated       int64
		}
		InvalidityReasons string
	}
	consumerNominator struct {
		Address, Stash, Proxy string
		Bonded                *float64
		Current               []struct{ Name, Stash string }
	}
	consumerMetadata struct {
		Session       int
		BondedStats   *struct{ Values []float64 }
		RankStats     *struct{ Mean, StandardDeviation float64 }
		CountryStats  *struct{ Values []struct{ Name string } }
		BondedWeight  *float64
		CountryWeight *float64
	}
	consumerReward struct {
		Role, Validator, Nominator, Date string
		Era                              int
		RewardAmount, Exposure           *float64
		BlockHash                        string
	}
)

// errNothing is what the old API says of a single thing that is not there.
var errNothing = errors.New("204")

func (c consumer) get(path string, into any) error {
	req, err := http.NewRequestWithContext(c.ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return err
	case resp.StatusCode == http.StatusNoContent:
		return errNothing
	case resp.StatusCode != http.StatusOK:
		return fmt.Errorf("%s: %d", path, resp.StatusCode)
	}
	return json.Unmarshal(b, into)
}

// report is what the consumer shows of the programme.
func (c consumer) report() (string, error) {
	var list []consumerCandidate
	if err := c.get("/candidates", &list); err != nil {
		return "", err
	}
	valid, active := 0, 0
	for i, one := range list {
		switch {
		case one.SlotID == nil || one.Stash == "" || one.Name == "" || one.Rank == nil || one.Valid == nil || one.Matrix == nil || len(one.Validity) == 0:
			return "", fmt.Errorf("candidate %d lacks something: %+v", i, one)
		case one.InvalidityReasons != "":
			return "", fmt.Errorf("candidate %s has reasons", one.Name)
		case one.Score != nil && math.Abs(*one.Score.Aggregate**one.Score.Randomness-*one.Score.Total) > 1e-9:
			return "", fmt.Errorf("the score of %s does not add up", one.Name)
		case one.Score != nil && one.Total != *one.Score.Total:
			return "", fmt.Errorf("the totals of %s differ", one.Name)
		}
		if *one.Valid {
			valid++
		}
		if one.Active {
			active++
		}
		var again consumerCandidate
		if err := c.get("/candidate/"+url.PathEscape(one.Stash), &again); err != nil || again.Stash != one.Stash || *again.Bonded != *one.Bonded {
			return "", fmt.Errorf("candidate %s alone: %w", one.Name, err)
		}
		var s consumerScore
		switch err := c.get("/score/"+one.Stash, &s); {
		case one.Score == nil && errors.Is(err, errNothing):
		case err != nil || s.Address != one.Stash || *s.Total != one.Total:
			return "", fmt.Errorf("score of %s: %w", one.Name, err)
		}
	}
	var nominators []consumerNominator
	if err := c.get("/nominators", &nominators); err != nil {
		return "", err
	}
	targets := 0
	for _, n := range nominators {
		if *n.Bonded < 1e12 {
			return "", fmt.Errorf("%s: bonded %v is no planck", n.Address, *n.Bonded)
		}
		targets += len(n.Current)
	}
	var m consumerMetadata
	if err := c.get("/scoremetadata", &m); err != nil {
		return "", err
	}
	if m.BondedStats == nil || len(m.BondedStats.Values) == 0 || m.CountryStats == nil || m.CountryStats.Values[0].Name == "" || m.BondedWeight == nil || m.CountryWeight == nil {
		return "", fmt.Errorf("score metadata lacks something: %+v", m)
	}
	rewards := 0.0
	for _, path := range []string{"/rewards/validator/" + list[0].Stash, "/rewards/nominator/" + string(roundstest.Address("backer 0"))} {
		var l []consumerReward
		if err := c.get(path, &l); err != nil {
			return "", err
		}
		for _, r := range l {
			if r.RewardAmount == nil || r.Exposure == nil || r.Validator == "" || r.Nominator == "" || r.Date == "" || (r.Role == "validator") != (r.Validator == r.Nominator) {
				return "", fmt.Errorf("%s: %+v", path, r)
			}
			rewards += *r.RewardAmount
		}
	}
	var total struct {
		Validator   string
		Total       float64
		RewardCount int
	}
	if err := c.get("/rewards/validator/"+stash(0)+"/total", &total); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d candidates, %d valid, %d active; %d nominators with %d targets; session %d; total %v of %d", len(list), valid, active, len(nominators), targets, m.Session, total.Total, total.RewardCount), nil
}

func TestAConsumerOfTheOldAPIKeepsWorking(t *testing.T) {
	r := reader(t)
	srv := httptest.NewServer(r)
	defer srv.Close()
	got, err := consumer{t.Context(), srv.URL, srv.Client()}.report()
	if err != nil {
		t.Fatal(err)
	}
	if want := "39 candidates, 38 valid, 19 active; 3 nominators with 6 targets; session 6000; total 5 of 2"; got != want {
		t.Errorf("the consumer reports %q, want %q", got, want)
	}
}
