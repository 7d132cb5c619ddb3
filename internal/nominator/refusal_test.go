package nominator_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/thousand-validators/otv/internal/nominator"
	"github.com/thousand-validators/otv/internal/nominator/fakechain"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate/keys"
)

// Whatever stands in the way is said in one sentence before anything is signed or stored.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name     string
		cfg      fakechain.Config
		who      func(*rig) *keys.Pair
		accounts func(*rig, []nominator.Account)
		chain    func(*rig, *fakechain.State)
		rig      func(*rig)
		says     string
	}{
		{
			name: "unbonded", who: theDirect, says: "is not bonded",
			chain: func(r *rig, s *fakechain.State) { delete(s.Ledgers, r.direct.AccountID()) },
		},
		{
			name: "bond below the minimum", who: theDirect, says: "has 5 WND bonded, the chain demands 10 WND",
			chain: func(r *rig, s *fakechain.State) {
				s.Ledgers[r.direct.AccountID()] = fakechain.Ledger{Stash: r.direct.AccountID(), Active: 5 * token}
			},
		},
		{
			name: "a key of another account", who: theDirect, says: "not of the nominator",
			accounts: func(r *rig, a []nominator.Account) { a[0].Signer, a[0].Key = r.address(r.stranger), r.stranger },
		},
		{
			name: "wrong seed for proxyFor", who: theDelayed, says: "is no proxy of",
			accounts: func(r *rig, a []nominator.Account) { a[2].Signer, a[2].Key = r.address(r.stranger), r.stranger },
		},
		{
			name: "no proxy relation at all", who: theProxied, says: "which has none at all",
			chain: func(r *rig, s *fakechain.State) { delete(s.Proxies, r.proxied.AccountID()) },
		},
		{
			name: "a relation that may not nominate", who: theProxied, says: "is no proxy of",
			chain: func(r *rig, s *fakechain.State) {
				s.Proxies[r.proxied.AccountID()] = []fakechain.Proxy{{Delegate: r.proxy.AccountID(), Type: "CancelProxy"}}
			},
		},
		{
			name: "another delay than configured", who: theDelayed, says: "the configured delay of 10850 blocks",
			accounts: func(_ *rig, a []nominator.Account) { a[2].Delay = new(uint32(10_850)) },
		},
		{
			name: "a configured delay where the chain has none", who: theProxied, says: "the configured delay of 20 blocks",
			accounts: func(_ *rig, a []nominator.Account) { a[1].Delay = new(uint32(20)) },
		},
		{
			name: "nothing for the fee", who: theDirect, says: "for the fee of 0.001 WND",
			chain: func(r *rig, s *fakechain.State) {
				s.Accounts[r.direct.AccountID()] = fakechain.Account{Free: token / 2000}
			},
		},
		{
			name: "nothing for the deposit", who: theDelayed, says: "and the deposit of",
			chain: func(r *rig, s *fakechain.State) {
				s.Accounts[r.delegate.AccountID()] = fakechain.Account{Free: token / 2}
			},
		},
		{
			name: "more targets than the runtime takes", cfg: fakechain.Config{Parachain: true, RelayClock: true}, who: theDirect, says: "has 4 targets, the runtime takes at most 3",
			rig: func(r *rig) { r.chain.SetMaxNominations(3) },
		},
		{
			name: "a blocked target", who: theDirect, says: "blocks nominations",
			chain: func(_ *rig, s *fakechain.State) {
				for id := range s.Validators {
					s.Validators[id] = fakechain.Validator{Blocked: true}
				}
			},
		},
		{
			name: "a target that does not validate", who: theDirect, says: "has no intention to validate",
			chain: func(_ *rig, s *fakechain.State) { clear(s.Validators) },
		},
		{
			name: "nominated in this era already", who: theDirect, says: "has nominated in era 100 already",
			chain: func(r *rig, s *fakechain.State) {
				s.Nominations[r.direct.AccountID()] = fakechain.Nomination{Targets: []fakechain.ID{r.stranger.AccountID()}, SubmittedIn: 100}
			},
		},
		{
			name: "not configured", who: theDirect, says: "is not configured",
			accounts: func(r *rig, a []nominator.Account) { a[0].Nominator = r.address(r.stranger) },
		},
		{
			name: "as many announcements as are allowed", who: theDelayed, says: "32 announcements pending",
			chain: func(r *rig, s *fakechain.State) {
				s.Accounts[r.delegate.AccountID()] = fakechain.Account{Free: 1_000_000 * token}
				for range 32 {
					s.Announcements[r.delegate.AccountID()] = append(s.Announcements[r.delegate.AccountID()], fakechain.Announcement{Real: r.stranger.AccountID()})
				}
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, c.cfg)
			record := r.record(r.validators, nil, c.who(r))
			if c.chain != nil {
				r.edit(func(s *fakechain.State) { c.chain(r, s) })
			}
			if c.rig != nil {
				c.rig(r)
			}
			s := r.service(func(s *nominator.Settings) {
				if c.accounts != nil {
					c.accounts(r, s.Accounts)
				}
			})
			out, err := s.Propose(t.Context(), record, "")
			if err != nil {
				t.Fatal(err)
			}
			text := out.Proposals[0].Refused
			if out.Proposals[0].Plan != nil || strings.Contains(text, "\n") || !strings.Contains(strings.ReplaceAll(text, "UNIT", "WND"), strings.ReplaceAll(c.says, "UNIT", "WND")) {
				t.Errorf("refused with %q, want %q", text, c.says)
			}
			for range 3 {
				r.look(s)
				r.blocks(1)
			}
			if n := len(r.chain.Submitted()); n != 0 {
				t.Errorf("%d transactions were submitted", n)
			}
		})
	}
}

func theDirect(r *rig) *keys.Pair  { return r.direct }
func theProxied(r *rig) *keys.Pair { return r.proxied }
func theDelayed(r *rig) *keys.Pair { return r.delayed }

func TestRecordsThatCannotBeActedOn(t *testing.T) {
	r := newRig(t, fakechain.Config{})
	good := r.record(r.validators, nil, r.direct)
	other := r.record(r.validators, func(in *programme.Inputs) { in.Snapshot.Blocks[0].Genesis = "0x00" }, r.direct)
	past := r.record(r.validators, func(in *programme.Inputs) { in.Snapshot.Eras.Active = 99 }, r.direct)
	forged := []byte(strings.Replace(string(good), string(r.validators[0]), string(r.validators[15]), 1))
	for _, c := range []struct {
		name, says string
		record     []byte
		mode       nominator.Mode
		only       programme.Address
	}{
		{name: "another chain", record: other, says: "genesis hash"},
		{name: "another era", record: past, says: "plan a new round"},
		{name: "forged", record: forged, says: "refused"},
		{name: "no record", record: []byte("{}"), says: "record"},
		{name: "switched off", record: good, mode: nominator.ModeOff, says: "act.mode is off"},
		{name: "a nominator it does not have", record: good, only: r.address(r.stranger), says: "no nominator"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := r.service(func(s *nominator.Settings) {
				if c.mode != "" {
					s.Mode = c.mode
				}
			})
			_, err := s.Propose(t.Context(), c.record, c.only)
			if !errors.Is(err, nominator.ErrRecord) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want %q", err, c.says)
			}
		})
	}
}

// The old backend ended a whole distribution when one nominator could not act.
func TestOneRefusalDoesNotStopOthers(t *testing.T) {
	r := newRig(t, fakechain.Config{})
	record := r.record(r.validators, nil, r.direct, r.proxied, r.delayed)
	r.edit(func(s *fakechain.State) { delete(s.Ledgers, r.direct.AccountID()) })
	s := r.service(nil)
	out, err := s.Propose(context.Background(), record, "")
	if err != nil {
		t.Fatal(err)
	}
	if out.Proposals[0].Refused == "" || out.Proposals[1].Plan == nil || out.Proposals[2].Plan == nil {
		t.Errorf("%+v", out.Proposals)
	}
}
