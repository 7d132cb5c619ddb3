package chain

import (
	"context"
	"math/bits"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate"
	"github.com/thousand-validators/otv/substrate/rpc"
)

// readEras reads the staking clock but for the session index.
func readEras(ctx context.Context, staking, session *substrate.Block) (programme.Eras, error) {
	var active activeEra
	found, err := staking.Get(ctx, "Staking", "ActiveEra", &active)
	if err != nil {
		return programme.Eras{}, err
	}
	if !found {
		return programme.Eras{}, unsuitable("%s has no active era at block %d: staking has not begun on this chain",
			staking.Client().Chain().Name, staking.Number)
	}
	e := programme.Eras{Active: programme.Era(active.Index), Planned: programme.Era(active.Index)}
	if active.Start != nil && *active.Start < 1<<63 {
		e.ActiveStart = programme.Millis(*active.Start)
	}
	var planned uint32
	if found, err = staking.Get(ctx, "Staking", "CurrentEra", &planned); err != nil {
		return programme.Eras{}, err
	}
	if found {
		e.Planned = programme.Era(planned)
	}
	if err := staking.Constant("Staking", "SessionsPerEra", &e.SessionsPerEra); err != nil {
		return programme.Eras{}, err
	}
	if err := staking.Constant("Staking", "HistoryDepth", &e.HistoryDepth); err != nil {
		return programme.Eras{}, err
	}
	e.EraLength = eraLength(session, e.SessionsPerEra)
	return e, nil
}

// eraLength is the nominal duration of an era; 0 when the chain that produces sessions does not state it, because it
// does not use BABE.
func eraLength(session *substrate.Block, sessions uint32) programme.Millis {
	var epoch, blockTime uint64
	if session.Constant("Babe", "EpochDuration", &epoch) != nil || session.Constant("Babe", "ExpectedBlockTime", &blockTime) != nil {
		return 0
	}
	n := uint64(sessions)
	for _, factor := range []uint64{epoch, blockTime} {
		high, low := bits.Mul64(n, factor)
		if high != 0 || low > 1<<62 {
			return 0
		}
		n = low
	}
	return programme.Millis(n)
}

// Fallback of the greatest number of targets, that of most networks.
const defaultMaxNominations = 16

// readLimits reads what bounds nominations. holdings are the balances of the programme's own nominators, on which the
// number of targets may depend; the least of them counts.
func readLimits(ctx context.Context, staking, session *substrate.Block, holdings []programme.Planck) (programme.ChainLimits, error) {
	l := programme.ChainLimits{}
	most, err := maxNominations(ctx, staking, session, holdings)
	if err != nil {
		return l, err
	}
	l.MaxNominations = most
	var nominator, validator amount
	if _, err := staking.Get(ctx, "Staking", "MinNominatorBond", &nominator); err != nil {
		return l, err
	}
	if _, err := staking.Get(ctx, "Staking", "MinValidatorBond", &validator); err != nil {
		return l, err
	}
	l.MinNominatorBond, l.MinValidatorBond = nominator.Planck, validator.Planck
	var deposit amount
	if err := staking.Constant("Balances", "ExistentialDeposit", &deposit); err != nil {
		return l, err
	}
	l.ExistentialDeposit = deposit.Planck
	return l, nil
}

// maxNominations asks the runtime, or else takes a constant of it, or else of the relay chain.
func maxNominations(ctx context.Context, staking, session *substrate.Block, holdings []programme.Planck) (uint32, error) {
	if staking.HasCall("StakingApi", "nominations_quota") {
		if len(holdings) == 0 {
			holdings = []programme.Planck{{}}
		}
		var least uint32
		for _, h := range holdings {
			var quota uint32
			err := staking.Call(ctx, "StakingApi", "nominations_quota", &quota, h.Big())
			if rpc.IsMethodNotFound(err) {
				break // the node does not let us call the runtime
			}
			if err != nil {
				return 0, err
			}
			if quota > 0 && (least == 0 || quota < least) {
				least = quota
			}
		}
		if least > 0 {
			return least, nil
		}
	}
	for _, c := range []struct {
		block        *substrate.Block
		pallet, name string
	}{
		{staking, "Staking", "MaxNominations"},
		{staking, "ElectionProviderMultiPhase", "MinerMaxVotesPerVoter"},
		{session, "ElectionProviderMultiPhase", "MinerMaxVotesPerVoter"},
	} {
		if !c.block.HasConstant(c.pallet, c.name) {
			continue
		}
		var n uint32
		if err := c.block.Constant(c.pallet, c.name, &n); err != nil {
			return 0, err
		}
		if n > 0 {
			return n, nil
		}
	}
	return defaultMaxNominations, nil
}
