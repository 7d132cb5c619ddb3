package nominator_test

import (
	"testing"

	"github.com/thousand-validators/otv/internal/nominator/fakechain"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/substrate/ss58"
)

func ss58Of(prefix uint16, id fakechain.ID) string { return ss58.EncodeAccount(prefix, id) }

func TestModesReachTheirTargets(t *testing.T) {
	for name, cfg := range map[string]fakechain.Config{
		"own clock":           {},
		"relay clock":         {Parachain: true, RelayClock: true},
		"parachain own clock": {Parachain: true},
		"finality lags":       {Lag: 3},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, cfg)
			s := r.service(nil)
			rec := r.record(r.validators, nil, r.direct, r.proxied, r.delayed)
			direct, proxied, delayed := r.propose(s, rec, r.direct), r.propose(s, rec, r.proxied), r.propose(s, rec, r.delayed)
			if direct.Mode != plan.Direct || proxied.Mode != plan.Proxy || delayed.Mode != plan.Delayed {
				t.Fatalf("modes %s, %s, %s", direct.Mode, proxied.Mode, delayed.Mode)
			}
			for _, p := range []plan.Plan{direct, proxied, delayed} {
				got := r.until(s, p.Key, plan.Succeeded, plan.Failed, plan.Cancelled)
				if got.State != plan.Succeeded {
					t.Fatalf("%s: %s, %s\n%s", p.Mode, got.State, got.Reason, r.logs)
				}
			}
			if got := r.targets(r.delayed); !plan.SameSet(got, delayed.Targets) || len(got) == 0 {
				t.Errorf("targets %v, want %v", got, delayed.Targets)
			}
			p := r.plan(s, delayed.Key)
			want := plan.ClockOwn
			if cfg.RelayClock {
				want = plan.ClockRelay
			}
			if p.Announcement.Clock != want {
				t.Errorf("clock %q, want %q", p.Announcement.Clock, want)
			}
			if n := len(r.chain.Effects()); n != 3 {
				t.Errorf("%d nominations on chain", n)
			}
			if a := r.alerts(s); len(a) != 0 {
				t.Errorf("alerts %v", a)
			}
		})
	}
}
