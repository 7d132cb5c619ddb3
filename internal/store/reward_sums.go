package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

type sumRow struct {
	bun.BaseModel `bun:"table:reward_sums,alias:rs"`
	Role          string `bun:",pk"`
	Account       string `bun:",pk"`
	Count         int64
	Total         string
	Stake         string
	LeastStake    string
	Commission    int64
	Efficiency    float64
	Efficient     int64
}

// sum is a row in the making.
type sum struct {
	count, commission, efficient int64
	total, stake, least          programme.Planck
	efficiency                   float64
}

func (r *sumRow) sum() (*sum, error) {
	total, err1 := amount("reward sum", r.Total)
	stake, err2 := amount("reward sum", r.Stake)
	least, err3 := amount("reward sum", r.LeastStake)
	return &sum{
		count: r.Count, commission: r.Commission, efficient: r.Efficient, total: total, stake: stake, least: least, efficiency: r.Efficiency,
	}, errors.Join(err1, err2, err3)
}

func (m *sum) add(r *memory.Reward) {
	m.count++
	m.total = m.total.Add(r.Amount)
	m.stake = m.stake.Add(r.Stake)
	m.least = m.least.Add(r.LeastStake)
	m.commission += int64(r.Commission)
	if !r.Stake.IsZero() && !r.LeastStake.IsZero() {
		m.efficient++
		m.efficiency += 100 * r.LeastStake.Float64() / r.Stake.Float64()
	}
}

func (m *sum) of(role string, account programme.Address) memory.RewardSum {
	out := memory.RewardSum{Role: role, Account: account, Count: int(m.count), Total: m.total}
	if m.count > 0 {
		n := float64(m.count)
		out.Stake, out.LeastStake, out.Commission = m.stake.Float64()/n, m.least.Float64()/n, float64(m.commission)/n
	}
	if m.efficient > 0 {
		out.Efficiency = m.efficiency / float64(m.efficient)
	}
	return out
}

// sumUp adds rewards that were just stored to the sums of their accounts.
func sumUp(ctx context.Context, tx bun.Tx, rewards []*memory.Reward) error {
	type key struct {
		role    string
		account programme.Address
	}
	var accounts []string
	seen := map[programme.Address]bool{}
	for _, r := range rewards {
		if !seen[r.Account] {
			seen[r.Account] = true
			accounts = append(accounts, string(r.Account))
		}
	}
	sums := map[key]*sum{}
	for part := range slices.Chunk(accounts, 1000) {
		var rows []sumRow
		if err := tx.NewSelect().Model(&rows).Where("account IN (?)", bun.In(part)).Scan(ctx); err != nil {
			return err
		}
		for i := range rows {
			m, err := rows[i].sum()
			if err != nil {
				return err
			}
			sums[key{rows[i].Role, programme.Address(rows[i].Account)}] = m
		}
	}
	var changed []key
	touched := map[key]bool{}
	for _, r := range rewards {
		k := key{r.Role, r.Account}
		if sums[k] == nil {
			sums[k] = &sum{}
		}
		sums[k].add(r)
		if !touched[k] {
			touched[k] = true
			changed = append(changed, k)
		}
	}
	rows := make([]sumRow, len(changed))
	for i, k := range changed {
		m := sums[k]
		rows[i] = sumRow{
			Role: k.role, Account: string(k.account), Count: m.count, Total: m.total.String(), Stake: m.stake.String(), LeastStake: m.least.String(),
			Commission: m.commission, Efficiency: m.efficiency, Efficient: m.efficient,
		}
	}
	return put(ctx, tx, rows)
}

// RewardSums are the sums of the rewards of accounts by role, those with the greatest total first. Sums of whole accounts
// are at hand; with a validator in the filter, its rewards are added up.
func (s *Store) RewardSums(ctx context.Context, by memory.RewardFilter) ([]memory.RewardSum, error) {
	var out []memory.RewardSum
	var err error
	if by.Validator != "" || by.From != 0 || by.To != 0 {
		out, err = s.sumOf(ctx, by)
	} else {
		out, err = list(ctx, s.from(ctx), "reward sums", func(q *bun.SelectQuery) {
			if by.Account != "" {
				q.Where("account = ?", string(by.Account))
			}
			if by.Role != "" {
				q.Where("role = ?", by.Role)
			}
		}, func(r *sumRow) (memory.RewardSum, error) {
			m, err := r.sum()
			return m.of(r.Role, programme.Address(r.Account)), err
		})
	}
	slices.SortFunc(out, func(a, b memory.RewardSum) int {
		return cmp.Or(b.Total.Cmp(a.Total), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Role, b.Role))
	})
	return out, err
}

func (s *Store) sumOf(ctx context.Context, by memory.RewardFilter) ([]memory.RewardSum, error) {
	type key struct {
		role    string
		account programme.Address
	}
	by.Asset = ""
	sums := map[key]*sum{}
	err := s.Rewards(ctx, by, func(r memory.Reward) error {
		k := key{r.Role, r.Account}
		if sums[k] == nil {
			sums[k] = &sum{}
		}
		sums[k].add(&r)
		return nil
	})
	var out []memory.RewardSum
	for k, m := range sums {
		out = append(out, m.of(k.role, k.account))
	}
	return out, err
}

type blockIndexRow struct {
	bun.BaseModel `bun:"table:block_index,alias:bi"`
	ID            int64 `bun:"id,pk"`
	Earliest      int64
	Latest        int64
}

// SaveBlockIndex stores which blocks have been searched for payouts.
func (s *Store) SaveBlockIndex(ctx context.Context, b memory.BlockIndex) error {
	row := blockIndexRow{ID: 1, Earliest: int64(b.Earliest), Latest: int64(b.Latest)}
	err := s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := put(ctx, tx, []blockIndexRow{row}); err != nil {
			return err
		}
		return bump(ctx, tx, memory.SubjectBlocks)
	})
	if err != nil {
		return fmt.Errorf("store block index: %w", err)
	}
	return nil
}

// BlockIndex reads which blocks have been searched for payouts; [ErrNotFound] before the first.
func (s *Store) BlockIndex(ctx context.Context) (memory.BlockIndex, error) {
	return first(ctx, s.from(ctx), "block index", func(*bun.SelectQuery) {}, func(r *blockIndexRow) (memory.BlockIndex, error) {
		return memory.BlockIndex{Earliest: uint32(r.Earliest), Latest: uint32(r.Latest)}, nil
	})
}
