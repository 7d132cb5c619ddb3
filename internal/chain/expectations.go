package chain

import (
	_ "embed" // for the list of known types
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/thousand-validators/otv/substrate"
)

// knownTypes lists the forms of all items read here that were known when this was written: one line for each item and
// form with its checksum and the runtimes that have it. A test writes it from samples of real metadata.
//
//go:embed known_types.txt
var knownTypes string

// item is one thing that a snapshot reads from a runtime.
type item struct {
	kind         substrate.ItemKind
	pallet, name string
}

// items are all that a snapshot may read.
func items() []item {
	var list []item
	for kind, pallets := range map[substrate.ItemKind]map[string]string{
		substrate.Storage: {
			"Identity":        "IdentityOf SubsOf SuperOf",
			"ParachainSystem": "LastRelayChainBlockNumber ValidationData",
			"Session":         "CurrentIndex NextKeys Validators",
			"Staking": "ActiveEra Bonded ClaimedRewards CurrentEra ErasClaimedRewards ErasRewardPoints ErasStakers " +
				"ErasStakersOverview ErasStakersPaged ErasValidatorReward Ledger MinNominatorBond MinValidatorBond Nominators " +
				"OffenceQueue Payee ProcessingOffence UnappliedSlashes ValidatorSlashInEra Validators",
			"StakingAhClient": "Mode",
			"System":          "Account",
			"Timestamp":       "Now",
		},
		substrate.Constant: {
			"Babe":                       "EpochDuration ExpectedBlockTime",
			"Balances":                   "ExistentialDeposit",
			"ElectionProviderMultiPhase": "MinerMaxVotesPerVoter",
			"Staking":                    "HistoryDepth MaxNominations SessionsPerEra SlashDeferDuration",
			"System":                     "SS58Prefix",
		},
		substrate.RuntimeCall: {"StakingApi": "nominations_quota"},
	} {
		for pallet, names := range pallets {
			for _, name := range strings.Fields(names) {
				list = append(list, item{kind, pallet, name})
			}
		}
	}
	slices.SortFunc(list, func(a, b item) int { return strings.Compare(a.String(), b.String()) })
	return list
}

func (i item) String() string { return fmt.Sprintf("%s %s.%s", i.kind, i.pallet, i.name) }

// ignored are the pallets of which nothing is read on the chain of a role, though the chain may have them: the session
// pallet of a parachain, for example, is about its collators.
var (
	ignoredOnRelay    = []string{"ParachainSystem"}
	ignoredOnAssetHub = []string{"Session", "Identity", "Babe", "StakingAhClient", "ElectionProviderMultiPhase"}
	ignoredOnPeople   = []string{"Session", "Staking", "StakingApi", "ParachainSystem", "Babe", "Balances"}
)

// expectations are the known forms of all items but those of some pallets.
func expectations(ignored []string) ([]substrate.Expectation, error) {
	known := map[string][][32]byte{}
	for n, line := range strings.Split(knownTypes, "\n") {
		text, _, _ := strings.Cut(line, "#")
		name, sum, ok := cutLast(strings.TrimSpace(text))
		if !ok {
			continue
		}
		raw, err := hex.DecodeString(sum)
		if err != nil || len(raw) != 32 {
			return nil, fmt.Errorf("list of known types: line %d has no checksum of 32 bytes", n+1)
		}
		known[name] = append(known[name], [32]byte(raw))
	}
	var list []substrate.Expectation
	for _, i := range items() {
		if !slices.Contains(ignored, i.pallet) {
			list = append(list, substrate.Expectation{Kind: i.kind, Pallet: i.pallet, Item: i.name, Known: known[i.String()]})
		}
	}
	return list, nil
}

// cutLast cuts the last word off a text.
func cutLast(s string) (before, word string, ok bool) {
	i := strings.LastIndexByte(s, ' ')
	if i < 0 {
		return "", "", false
	}
	return strings.TrimSpace(s[:i]), s[i+1:], true
}
