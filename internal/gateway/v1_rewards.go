package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// Reward is what one account got from a payout.
type Reward struct {
	Era         programme.Era      `json:"era"`
	Validator   programme.Address  `json:"validator"`
	Account     programme.Address  `json:"account"`
	Role        string             `json:"role" enum:"validator,nominator"`
	Amount      programme.Planck   `json:"amount" doc:"planck"`
	Exposure    programme.Planck   `json:"exposure" doc:"planck of this account behind the validator"`
	Stake       programme.Planck   `json:"stake" doc:"planck behind the validator"`
	LeastStake  programme.Planck   `json:"leastStake" doc:"planck: least stake elected in the era"`
	Commission  string             `json:"commission" doc:"percent"`
	Destination string             `json:"rewardDestination"`
	Page        uint32             `json:"page"`
	Block       uint32             `json:"block"`
	BlockHash   string             `json:"blockHash"`
	At          *time.Time         `json:"at"`
	Prices      map[string]float64 `json:"prices,omitempty" doc:"of one token on that day, by currency"`
}

// RewardSum adds up rewards.
type RewardSum struct {
	Key        string           `json:"key" doc:"an account, an era, or a month"`
	Role       string           `json:"role"`
	Count      int              `json:"count"`
	Total      programme.Planck `json:"total" doc:"planck"`
	MeanStake  float64          `json:"meanStake,omitempty" doc:"planck behind the validators; of accounts only"`
	Commission float64          `json:"meanCommission,omitempty" doc:"percent; of accounts only"`
	Efficiency float64          `json:"meanEfficiency,omitempty" doc:"percent; of accounts only"`
}

type (
	rewardsQuery struct {
		Paging
		RewardFilter
	}
	sumsQuery struct {
		Paging
		RewardFilter
		Group string `query:"group" enum:"account,era,month" default:"account"`
	}
	RewardFilter struct {
		Validator string `query:"validator" maxLength:"100"`
		Account   string `query:"account" maxLength:"100"`
		Role      string `query:"role" enum:"validator,nominator"`
		From      uint32 `query:"fromEra"`
		To        uint32 `query:"toEra"`
	}
)

func (f *RewardFilter) filter(c *memory.Chain) memory.RewardFilter {
	return memory.RewardFilter{
		Validator: own(*c, f.Validator), Account: own(*c, f.Account), Role: f.Role, From: programme.Era(f.From), To: programme.Era(f.To),
	}
}

func (g *Gateway) mountV1Rewards() {
	subjects := []memory.Subject{memory.SubjectRewards, memory.SubjectChain}
	rt := v1("Rewards", "/rewards", "Rewards by era, of a validator or an account", subjects...)
	rt.kinds = []string{csvKind}
	get[rewardsQuery, Page[Reward]](g, rt, func(ctx context.Context, in *rewardsQuery) (any, error) {
		c, err := g.network(ctx)
		if err != nil {
			return nil, err
		}
		if in.Validator == "" && in.Account == "" {
			return nil, problem(http.StatusBadRequest, "name a validator or an account; the sums of all are at "+V1+"/rewards/sums")
		}
		f := in.filter(&c)
		f.Asset = g.PriceAsset
		return g.rewardPage(ctx, f, &in.Paging)
	})
	listing(g, v1("RewardSums", "/rewards/sums", "Sums of rewards by account, greatest first, or by era or month", subjects...),
		func(in *sumsQuery) *Paging { return &in.Paging }, func(s *RewardSum) string { return s.Role + s.Key }, g.v1Sums)
}

// errEnough ends a reading.
var errEnough = errors.New("enough")

// rewardPage reads one page. The cursor of the last line names its era and its place among those of the era, so that a
// page costs no more than the eras from there on; a payout that is found later comes where it belongs.
func (g *Gateway) rewardPage(ctx context.Context, f memory.RewardFilter, p *Paging) (any, error) {
	skip, first := 0, f.From
	if p.Cursor != "" {
		if _, err := fmt.Sscanf(p.Cursor, "%d.%d", &first, &skip); err != nil || skip < 0 || first < f.From {
			return nil, problem(http.StatusBadRequest, "the cursor is none of ours; leave it out to begin at the first page")
		}
	}
	f.From = first
	var lines []Reward
	next := ""
	at, place := programme.Era(0), 0 // era of the line at hand and its place in it
	err := g.Data.Rewards(ctx, f, func(r memory.Reward) error {
		if r.Era != at {
			at, place = r.Era, 0
		}
		place++
		if r.Era == first && place <= skip {
			return nil
		}
		if len(lines) == max(p.Limit, 1) {
			next = fmt.Sprintf("%d.%d", r.Era, place-1)
			return errEnough
		}
		lines = append(lines, v1Reward(&r))
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, fmt.Errorf("read rewards: %w", err)
	}
	return pageFrom(lines, next, nil, p)
}

func v1Reward(r *memory.Reward) Reward {
	return Reward{
		Era: r.Era, Validator: r.Validator, Account: r.Account, Role: r.Role, Amount: r.Amount, Exposure: r.Exposure, Stake: r.Stake,
		LeastStake: r.LeastStake, Commission: r.Commission.Percent(), Destination: r.Destination, Page: r.Page, Block: r.Block,
		BlockHash: r.BlockHash, At: moment(r.At), Prices: r.Prices,
	}
}

// v1Sums adds up rewards by account, or by time. By time, rewards are read one by one, so somebody must be named.
func (g *Gateway) v1Sums(ctx context.Context, in *sumsQuery) ([]RewardSum, error) {
	c, err := g.network(ctx)
	if err != nil {
		return nil, err
	}
	f := in.filter(&c)
	whole := f.Validator == "" && f.Account == ""
	if whole && (in.Group != "account" || f.From != 0 || f.To != 0) {
		return nil, problem(http.StatusBadRequest, "name a validator or an account: only the sums of whole accounts are known for all")
	}
	if in.Group == "account" {
		all, err := g.Data.RewardSums(ctx, f)
		out := make([]RewardSum, len(all))
		for i, s := range all {
			out[i] = RewardSum{string(s.Account), s.Role, s.Count, s.Total, s.Stake, s.Commission / 1e7, s.Efficiency}
		}
		return out, err
	}
	sums := map[string]*RewardSum{}
	err = g.Data.Rewards(ctx, f, func(r memory.Reward) error {
		key := fmt.Sprint(r.Era)
		if in.Group == "month" {
			key = r.At.Time().Format("2006-01")
		}
		s := sums[r.Role+key]
		if s == nil {
			s = &RewardSum{Key: key, Role: r.Role}
			sums[r.Role+key] = s
		}
		s.Count++
		s.Total = s.Total.Add(r.Amount)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read rewards: %w", err)
	}
	out := make([]RewardSum, 0, len(sums))
	for _, s := range sums {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b RewardSum) int {
		return cmp.Or(cmp.Compare(len(a.Key), len(b.Key)), strings.Compare(a.Key, b.Key), strings.Compare(b.Role, a.Role))
	})
	return out, nil
}
