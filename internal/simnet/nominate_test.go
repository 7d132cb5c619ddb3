package simnet_test

import (
	"bytes"
	"context"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/thousand-validators/otv/internal/app"
	"github.com/thousand-validators/otv/internal/nominator"
	"github.com/thousand-validators/otv/internal/nominator/onchain"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/internal/simnet"
	"github.com/thousand-validators/otv/internal/store"
	"github.com/thousand-validators/otv/substrate"
	"github.com/thousand-validators/otv/substrate/keys"
	"github.com/thousand-validators/otv/substrate/ss58"
)

// desk is a programme that nominates on a network.
type desk struct {
	t       testing.TB
	net     *simnet.Network
	service *nominator.Service
	logs    *bytes.Buffer
}

// everybody is a programme that lists whoever it is asked about.
type everybody map[programme.Address]nominator.Standing

func (e everybody) Standing(context.Context) (map[programme.Address]nominator.Standing, error) {
	return e, nil
}

func newDesk(t testing.TB, n *simnet.Network) *desk {
	t.Helper()
	client, err := substrate.Dial(t.Context(), substrate.Config{Endpoints: []string{n.Staking().URL()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "otv.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // nothing is read from it any more
	list := everybody{}
	for _, c := range n.Candidates() {
		list[programme.Address(c.Address())] = nominator.Standing{}
	}
	d := &desk{t: t, net: n, logs: &bytes.Buffer{}}
	settings := nominator.Settings{
		Chain: onchain.New(client), Store: db, Mode: nominator.ModeAct, Consent: true, Programme: list, MaxCommission: 300_000_000, Now: n.Now,
		Logger: slog.New(slog.NewTextHandler(d.logs, nil)),
	}
	for _, x := range n.Nominators() {
		key, err := keys.FromURI(x.Seed, keys.Sr25519)
		if err != nil {
			t.Fatal(err)
		}
		settings.Accounts = append(settings.Accounts, nominator.Account{
			Nominator: programme.Address(x.Address()), Signer: programme.Address(key.Address(42)), Proxy: x.Proxy, Key: key,
		})
	}
	if d.service, err = nominator.New(settings); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.service.Close)
	return d
}

// round plans a round with what the chain knows.
func (d *desk) round() []byte {
	d.t.Helper()
	dir := d.t.TempDir()
	if err := d.net.WriteFiles(dir); err != nil {
		d.t.Fatal(err)
	}
	r, err := app.Plan{ConfigDir: dir, Now: d.net.Now, Warn: func(string) {}, Set: []string{
		"telemetry.enable=false", "constraints.clientUpgrade.skip=true", "constraints.sanctionedGeoArea.skip=true", "telemetry.blacklistedProviders=[]",
	}}.Run(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	b, err := r.Bytes()
	if err != nil {
		d.t.Fatal(err)
	}
	return b
}

// until looks and makes blocks until all plans have ended.
func (d *desk) until(plans []plan.Plan) {
	d.t.Helper()
	for range 80 {
		if err := d.service.Look(d.t.Context()); err != nil {
			d.t.Fatal(err)
		}
		open := 0
		for i := range plans {
			p, err := d.service.Store.Plan(d.t.Context(), plans[i].Key)
			if err != nil {
				d.t.Fatal(err)
			}
			if plans[i] = p; p.State != plan.Succeeded && p.State != plan.Failed && p.State != plan.Cancelled {
				open++
			}
		}
		if open == 0 {
			return
		}
		steps(d.t, d.net, 1)
	}
	d.t.Fatalf("plans have not ended: %+v\n%s", plans, d.logs)
}

// TestNominate: the programme's own nominators nominate, directly, through a proxy and through a delayed one, and their
// targets are elected in the era after.
func TestNominate(t *testing.T) {
	for _, topology := range topologies {
		t.Run(string(topology), func(t *testing.T) {
			n := start(t, simnet.Options{Seed: 11, Topology: topology})
			steps(t, n, 20)
			d := newDesk(t, n)
			record := d.round()
			var plans []plan.Plan
			modes := map[plan.Mode]bool{}
			for _, x := range n.Nominators() {
				out, err := d.service.Propose(t.Context(), record, programme.Address(x.Address()))
				if err != nil {
					t.Fatal(err)
				}
				p := out.Proposals[0]
				if p.Plan == nil {
					t.Fatalf("no plan: %s", p.Refused)
				}
				plans = append(plans, *p.Plan)
				modes[p.Plan.Mode] = true
			}
			if !modes[plan.Direct] || !modes[plan.Proxy] || !modes[plan.Delayed] {
				t.Errorf("modes %v", modes)
			}
			d.until(plans)
			wanted := map[programme.Address]bool{}
			for i, p := range plans {
				if p.State != plan.Succeeded {
					t.Errorf("%s: %s, %s\n%s", p.Mode, p.State, p.Reason, d.logs)
				}
				var got []programme.Address
				for _, id := range n.Staking().Targets(n.Nominators()[i].Account) {
					got = append(got, programme.Address(ss58.EncodeAccount(42, id)))
				}
				if !plan.SameSet(got, p.Targets) || len(got) == 0 {
					t.Errorf("%s: targets %v, want %v", p.Mode, got, p.Targets)
				}
				for _, a := range got {
					wanted[a] = true
				}
				if want := plan.ClockRelay; p.Mode == plan.Delayed && topology == simnet.Three && p.Announcement.Clock != want {
					t.Errorf("clock %q, want %q", p.Announcement.Clock, want)
				}
			}
			steps(t, n, 120)
			active, _ := n.Staking().Era()
			elected := 0
			for _, id := range n.Staking().Elected(active) {
				if wanted[programme.Address(ss58.EncodeAccount(42, id))] {
					elected++
				}
			}
			if elected < len(wanted)/2 {
				t.Errorf("of %d nominated, %d are elected", len(wanted), elected)
			}
		})
	}
}
