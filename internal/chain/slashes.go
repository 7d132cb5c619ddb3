package chain

import (
	"cmp"
	"math/big"
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
)

// Where slashes are found, by generation:
//
//	A, B  ValidatorSlashInEra holds the fraction and the slashed amount of the own stake from the moment an offence
//	      is reported, UnappliedSlashes what has not been applied yet, under the offence's era + SlashDeferDuration + 1
//	C     ValidatorSlashInEra holds the fraction and the own stake it applies to; OffenceQueue and ProcessingOffence
//	      hold offences whose slash is not computed yet, UnappliedSlashes, under the offence's era +
//	      SlashDeferDuration and one entry per page of the exposure, what is not applied yet
//
// A slash is applied when it is reported and nothing of it is waiting. (A cancelled one looks the same on chain.)

// slashKey names the slash of a validator in an era.
type slashKey struct {
	era   programme.Era
	stash account
}

// slashFact is what one storage item says about a slash. The fraction is 0 when the item does not hold it.
type slashFact struct {
	fraction programme.Perbill
	own      programme.Planck
}

// add merges another entry about the same slash, such as that of another page.
func (f slashFact) add(g slashFact) slashFact {
	return slashFact{max(f.fraction, g.fraction), f.own.Add(g.own)}
}

// mergeSlashes puts reported and waiting slashes together, by stash and in order of eras. What is reported knows better.
func mergeSlashes(reported, waiting map[slashKey]slashFact) map[account][]programme.Slash {
	out := map[account][]programme.Slash{}
	for key, f := range reported {
		_, open := waiting[key]
		out[key.stash] = append(out[key.stash], programme.Slash{Era: key.era, Fraction: f.fraction, Own: f.own, Applied: !open})
	}
	for key, f := range waiting {
		if _, known := reported[key]; !known {
			out[key.stash] = append(out[key.stash], programme.Slash{Era: key.era, Fraction: f.fraction, Own: f.own})
		}
	}
	for _, list := range out {
		slices.SortFunc(list, func(a, b programme.Slash) int { return cmp.Compare(a.Era, b.Era) })
	}
	return out
}

// share is the fraction of an amount, to the nearest planck and down from the middle, as the runtime rounds it.
func share(fraction programme.Perbill, of programme.Planck) programme.Planck {
	const whole = 1_000_000_000
	n := new(big.Int).Mul(of.Big(), big.NewInt(int64(fraction)))
	n.Add(n, big.NewInt(whole/2-1))
	n.Quo(n, big.NewInt(whole))
	p, ok := programme.PlanckFromBig(n)
	if !ok || p.Cmp(of) > 0 {
		return of // a fraction over 100 %
	}
	return p
}
