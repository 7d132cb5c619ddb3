package cli

import (
	"fmt"
	"strings"
	"testing"

	"github.com/thousand-validators/otv/internal/nominator/fakechain"
	"github.com/thousand-validators/otv/internal/programme"
)

// What stands in the way is said in one sentence, with everything needed to put it right, before anything is signed.
func TestActSaysWhatIsInTheWay(t *testing.T) {
	account := func(path string) fakechain.ID { return guildPair(t, guildSeed+path).AccountID() }
	nominators := func(last map[string]any) map[string]any {
		return map[string]any{"scorekeeper": map[string]any{"nominators": []any{last}}}
	}
	for _, c := range []struct {
		name  string
		who   string
		chain func(*fakechain.State)
		// secret replaces secret.json.
		secret func(g *guild) map[string]any
		record func(g *guild)
		says   string
	}{
		{
			name: "unbonded", who: "//direct",
			chain: func(s *fakechain.State) { delete(s.Ledgers, account("//direct")) },
			says:  "{//direct} is not bonded on Fake Westend: it controls no staking ledger",
		},
		{
			name: "seed of somebody else for proxyFor", who: "//delayed",
			secret: func(g *guild) map[string]any {
				return nominators(map[string]any{"seed": guildSeed + "//else", "isProxy": true, "proxyFor": g.delayed})
			},
			says: "the account of the configured key, {//else}, is no proxy of {//delayed} that may nominate; its proxies are {//delegate} (Staking, 30 blocks)",
		},
		{
			name: "no proxy relation", who: "//delayed",
			chain: func(s *fakechain.State) { delete(s.Proxies, account("//delayed")) },
			says:  "the account of the configured key, {//delegate}, is no proxy of {//delayed}, which has none at all",
		},
		{
			name: "another delay than on chain", who: "//delayed",
			secret: func(g *guild) map[string]any {
				return nominators(map[string]any{"seed": delayKey, "isProxy": true, "proxyFor": g.delayed, "proxyDelay": 10_850})
			},
			says: "the configured delay of 10850 blocks for {//delayed} is not that on chain: {//delegate} (Staking, 30 blocks)",
		},
		{
			name: "nothing for the deposit", who: "//delayed",
			chain: func(s *fakechain.State) { s.Accounts[account("//delegate")] = fakechain.Account{Free: unit / 2} },
			says:  "{//delegate} can spend 0.49 UNIT, but needs 1.0047 UNIT for the fee of 0.001 UNIT and the deposit of 1.0037 UNIT",
		},
		{
			name: "nothing for the fee", who: "//direct",
			chain: func(s *fakechain.State) { s.Accounts[account("//direct")] = fakechain.Account{Free: unit / 1000} },
			says:  "{//direct} can spend 0 UNIT, but needs 0.001 UNIT for the fee of 0.001 UNIT",
		},
		{
			name: "more targets than the runtime takes", who: "//direct",
			record: func(g *guild) {
				for i := range 16 {
					v := guildPair(t, fmt.Sprintf("%s//more//%d", guildSeed, i))
					g.edit(func(s *fakechain.State) { s.Validators[v.AccountID()] = fakechain.Validator{Commission: 50_000_000} })
					g.candidates = append(g.candidates, programme.Address(v.Address(42)))
				}
				g.decide(2, func(in *programme.Inputs) { // as if the runtime took more
					in.Rules.Limits.MaxTargets, in.Snapshot.Limits.MaxNominations = 24, 24
					in.Nominators, in.Snapshot.Nominators = in.Nominators[:1], in.Snapshot.Nominators[:1]
					in.Snapshot.Nominators[0].Free = programme.NewPlanck(1_000_000 * unit)
				})
			},
			says: "{//direct} has 24 targets, the runtime takes at most 16",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newGuild(t, "act")
			if c.record != nil {
				c.record(g)
			}
			if c.chain != nil {
				g.edit(c.chain)
			}
			if c.secret != nil {
				write(t, g.dir, "secret.json", c.secret(g))
			}
			out, errs := g.otv(ExitFailed, "round", "act", g.record, "--yes", "--nominator", guildPair(t, guildSeed+c.who).Address(42))
			says := c.says
			for _, path := range []string{"//direct", "//delayed", "//delegate", "//else"} {
				says = strings.ReplaceAll(says, "{"+path+"}", guildPair(t, guildSeed+path).Address(42))
			}
			contains(t, out, fmt.Sprintf("\n  refused: %s\n", says))
			contains(t, errs, "no nominator can act on this record")
			if n, dry := len(g.chain.Submitted()), g.chain.Node().Count("system_dryRun"); n+dry != 0 {
				t.Errorf("%d transactions were submitted, %d tried", n, dry)
			}
		})
	}
}
