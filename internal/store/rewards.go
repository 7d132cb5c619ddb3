package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

type payoutRow struct {
	bun.BaseModel `bun:"table:payouts,alias:p"`
	Seq           int64 `bun:",pk,autoincrement"`
	Validator     string
	Era           int64
	Page          int64
	Block         int64
	BlockHash     string
	At            int64
	Commission    int64
	Stake         string
	LeastStake    string
}

type rewardRow struct {
	bun.BaseModel `bun:"table:rewards,alias:r"`
	Payout        int64  `bun:",pk"`
	Account       string `bun:",pk"`
	Role          string `bun:",pk"`
	Amount        string
	Exposure      string
	Destination   string
}

// payoutKey names a payout: a page of the reward of a validator for an era is paid once.
type payoutKey struct {
	validator programme.Address
	era       programme.Era
	page      uint32
}

// SavePayouts stores payouts with their rewards, each as a whole: a reward brings its payout with it. A payout that is
// stored already stays as it is, so that blocks can be searched again. Prices are not stored with rewards.
func (s *Store) SavePayouts(ctx context.Context, rewards []memory.Reward) error {
	var order []payoutKey
	groups := map[payoutKey][]*memory.Reward{}
	for i := range rewards {
		p := &rewards[i].Payout
		k := payoutKey{p.Validator, p.Era, p.Page}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], &rewards[i])
	}
	err := s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		var fresh []*memory.Reward
		for _, k := range order {
			added, err := addPayout(ctx, tx, groups[k])
			if err != nil {
				return err
			}
			if added {
				fresh = append(fresh, groups[k]...)
			}
		}
		if len(fresh) == 0 {
			return nil
		}
		if err := sumUp(ctx, tx, fresh); err != nil {
			return err
		}
		return bump(ctx, tx, memory.SubjectRewards)
	})
	if err != nil {
		return fmt.Errorf("store payouts: %w", err)
	}
	return nil
}

// addPayout stores the payout of rewards and them; added is false when it is stored already.
func addPayout(ctx context.Context, tx bun.Tx, rewards []*memory.Reward) (added bool, err error) {
	p := &rewards[0].Payout
	known, err := tx.NewSelect().Model((*payoutRow)(nil)).
		Where("validator = ? AND era = ? AND page = ?", string(p.Validator), int64(p.Era), int64(p.Page)).Exists(ctx)
	if err != nil || known {
		return false, err
	}
	row := payoutRow{
		Validator: string(p.Validator), Era: int64(p.Era), Page: int64(p.Page), Block: int64(p.Block), BlockHash: p.BlockHash, At: int64(p.At),
		Commission: int64(p.Commission), Stake: p.Stake.String(), LeastStake: p.LeastStake.String(),
	}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return false, err
	}
	rows := make([]rewardRow, len(rewards))
	for i, r := range rewards {
		rows[i] = rewardRow{
			Payout: row.Seq, Account: string(r.Account), Role: r.Role, Amount: r.Amount.String(), Exposure: r.Exposure.String(), Destination: r.Destination,
		}
	}
	return true, put(ctx, tx, rows)
}

// joined is a reward with its payout.
type joined struct {
	rewardRow
	Validator  string
	Era        int64
	Page       int64
	Block      int64
	BlockHash  string
	At         int64
	Commission int64
	Stake      string
	LeastStake string
}

func (r *joined) reward() (memory.Reward, error) {
	out := memory.Reward{
		Payout: memory.Payout{
			Validator: programme.Address(r.Validator), Era: programme.Era(r.Era), Page: uint32(r.Page), Block: uint32(r.Block), BlockHash: r.BlockHash,
			At: programme.Millis(r.At), Commission: programme.Perbill(r.Commission),
		},
		Account: programme.Address(r.Account), Role: r.Role, Destination: r.Destination,
	}
	var errs []error
	for _, a := range []struct {
		dst  *programme.Planck
		text string
	}{{&out.Stake, r.Stake}, {&out.LeastStake, r.LeastStake}, {&out.Amount, r.Amount}, {&out.Exposure, r.Exposure}} {
		var err error
		*a.dst, err = amount("reward", a.text)
		errs = append(errs, err)
	}
	return out, errors.Join(errs...)
}

// Rewards hands out the selected rewards, by era, one after another; it stops at an error of fn. Fn asks nothing of the
// store.
func (s *Store) Rewards(ctx context.Context, by memory.RewardFilter, fn func(memory.Reward) error) error {
	prices, err := s.dayPrices(ctx, by.Asset)
	if err != nil {
		return fmt.Errorf("read rewards: %w", err)
	}
	q := s.from(ctx).NewSelect().Model((*rewardRow)(nil)).ColumnExpr("r.*").
		ColumnExpr("p.validator, p.era, p.page, p.block, p.block_hash, p.at, p.commission, p.stake, p.least_stake").
		Join("JOIN payouts AS p ON p.seq = r.payout").Order("p.era", "p.seq", "r.role DESC", "r.account")
	if by.Validator != "" {
		q.Where("p.validator = ?", string(by.Validator))
	}
	if by.Account != "" {
		q.Where("r.account = ?", string(by.Account))
	}
	if by.Role != "" {
		q.Where("r.role = ?", by.Role)
	}
	if by.From != 0 {
		q.Where("p.era >= ?", int64(by.From))
	}
	if by.To != 0 {
		q.Where("p.era <= ?", int64(by.To))
	}
	rows, err := q.Rows(ctx)
	if err != nil {
		return fmt.Errorf("read rewards: %w", explain(err))
	}
	defer rows.Close()
	db := s.read
	for rows.Next() {
		var row joined
		if err := db.ScanRow(ctx, rows, &row); err != nil {
			return fmt.Errorf("read rewards: %w", explain(err))
		}
		r, err := row.reward()
		if err != nil {
			return fmt.Errorf("read rewards: %w", err)
		}
		r.Prices = prices[r.At.Time().Format("2006-01-02")]
		if err := fn(r); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read rewards: %w", explain(err))
	}
	return nil
}

// dayPrices are the prices of one token by day and currency.
func (s *Store) dayPrices(ctx context.Context, asset string) (map[string]map[string]float64, error) {
	if asset == "" {
		return nil, nil
	}
	var rows []priceRow
	if err := s.from(ctx).NewSelect().Model(&rows).Where("asset = ? AND day <> ''", asset).Scan(ctx); err != nil {
		return nil, explain(err)
	}
	out := map[string]map[string]float64{}
	for _, r := range rows {
		if out[r.Day] == nil {
			out[r.Day] = map[string]float64{}
		}
		out[r.Day][r.Currency] = float64(r.Value) / 1e9
	}
	return out, nil
}
