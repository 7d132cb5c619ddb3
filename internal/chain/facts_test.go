package chain

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/scale"
	"github.com/thousand-validators/otv/substrate/ss58"
	"github.com/thousand-validators/otv/substrate/storage"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

var planckByValue = cmpopts.EquateComparable(programme.Planck{})

// TestIdentityBytes reads identities that were written by other software.
func TestIdentityBytes(t *testing.T) {
	const alice = "040100000002007db52a2f00000000000000000000000006416c69636500000940613a6d2e6f726700000000"
	want := &programme.Identity{Display: "Alice", Judgements: []programme.Judgement{{Registrar: 1, Kind: "Reasonable"}}}
	for name, encoded := range map[string]string{
		"paseo 1001002":    alice,
		"polkadot 1002005": alice + "0124616c6963652e646f74", // with the username alice.dot
	} {
		w := newWorld("A")
		w.candidates = []account{someone("alice")}
		r := newRig(t, name, w)
		m := r.relay.Metadata()
		entry, err := m.Storage("Identity", "IdentityOf")
		if err != nil {
			t.Fatal(err)
		}
		key, err := storage.Key(m.Types, entry, w.candidates[0])
		if err != nil {
			t.Fatal(err)
		}
		raw, err := hex.DecodeString(encoded)
		if err != nil {
			t.Fatal(err)
		}
		r.relay.SetRaw(key, raw)
		s := r.snapshot(t.Context(), t, request(w))
		if diff := cmp.Diff(want, s.Candidates[0].Identity); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestDataText(t *testing.T) {
	raw := func(name string, b ...byte) codec.Variant {
		return codec.Variant{Name: name, Fields: []codec.Field{{Value: codec.Bytes(b)}}}
	}
	tests := []struct {
		v    codec.Variant
		want string
	}{
		{codec.Variant{Name: "None"}, ""},
		{raw("Raw0"), ""},
		{raw("Raw3", []byte("abc")...), "abc"},
		{raw("Raw4", []byte("😀")...), "😀"},
		{raw("Raw2", 0xc3, 0x28), "0xc328"},
		{raw("Raw3", 'a', 0, '\n'), "a\x00\n"},
		{raw("BlakeTwo256", slices.Repeat([]byte("a"), 32)...), "0x" + strings.Repeat("61", 32)},
		{raw("Sha256", 1), "0x01"}, {raw("Keccak256", 1), "0x01"}, {raw("ShaThree256", 1), "0x01"},
		{codec.Variant{Name: "Later", Fields: []codec.Field{{Value: uint64(3)}}}, ""},
	}
	for _, tt := range tests {
		if got := dataText(tt.v); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.v, got, tt.want)
		}
	}
}

// TestEraFacts reads the staking clock and its constants, by generation from the right chain.
func TestEraFacts(t *testing.T) {
	tests := map[string]programme.Eras{
		// EpochDuration × ExpectedBlockTime × SessionsPerEra; the Polkadot 1002005 sample was built with fast ones.
		"westend 9320":     {SessionsPerEra: 6, EraLength: 600 * 6000 * 6, HistoryDepth: 84},
		"polkadot 1002005": {SessionsPerEra: 1, EraLength: 20 * 6000, HistoryDepth: 84},
		"kusama 1003000":   {SessionsPerEra: 6, EraLength: 600 * 6000 * 6, HistoryDepth: 84},
		"polkadot 2000000": {SessionsPerEra: 6, EraLength: 2400 * 6000 * 6, HistoryDepth: 84},
		"kusama 1009002":   {SessionsPerEra: 6, EraLength: 600 * 6000 * 6, HistoryDepth: 84},
	}
	for name, want := range tests {
		w := newWorld(networkOf(t, name).gen)
		w.planned = w.active + 1
		r := newRig(t, name, w)
		s := r.snapshot(t.Context(), t, request(w))
		want.Active, want.Planned, want.ActiveStart, want.Session = 1000, 1001, programme.Millis(w.start), 5000
		if diff := cmp.Diff(want, s.Eras); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if len(s.Warnings) > 0 || len(s.Gaps) > 1 {
			t.Errorf("%s: warnings %q, gaps %v", name, s.Warnings, s.Gaps)
		}
	}
}

// TestEraLengthUnknown is a chain that does not use BABE.
func TestEraLengthUnknown(t *testing.T) {
	relay, _, _ := specs(t, "A")
	m := newModel(t, relay.blob)
	m.drop("Babe")
	relay.blob = m.encode()
	w := newWorld("A")
	s := startRig(t, w, relay, chainSpec{}, chainSpec{}).snapshot(t.Context(), t, request(w))
	if s.Eras.EraLength != 0 || s.Eras.SessionsPerEra != 6 {
		t.Errorf("eras %+v", s.Eras)
	}
}

// TestLimits asks the runtime where it answers, else takes constants.
func TestLimits(t *testing.T) {
	if testing.Short() {
		t.Skip("in full without -short")
	}
	answer := func(quota uint32) substratetest.RuntimeCall {
		return func(*substratetest.Block, []byte) ([]byte, error) { return scale.AppendU32(nil, quota), nil }
	}
	byBalance := func(_ *substratetest.Block, args []byte) ([]byte, error) {
		lo, _, err := scale.NewDecoder(args).U128()
		return scale.AppendU32(nil, uint32(lo)), err
	}
	tests := []struct {
		name, network string
		prepare       func(*rig, *world)
		want          uint32
	}{
		{"old constant", "westend 9320", nil, 16},
		{"constant of the election", "kusama 1003000", nil, 24},
		{"the runtime's answer", "kusama 1009002", func(r *rig, _ *world) { r.hub.HandleCall("StakingApi_nominations_quota", answer(23)) }, 23},
		{"the relay chain's constant, as the answer is nonsense", "kusama 1009002", func(r *rig, _ *world) { r.hub.HandleCall("StakingApi_nominations_quota", answer(0)) }, 24},
		{"the relay chain's constant, as nobody may ask", "kusama 1009002", func(r *rig, _ *world) {
			r.hub.Inject(substratetest.Rule{Method: "state_call", Do: substratetest.Fail(-32601, "RPC call is unsafe to be called externally")})
		}, 24},
		{"the smallest bond counts", "polkadot 2000000", func(r *rig, w *world) {
			r.hub.HandleCall("StakingApi_nominations_quota", byBalance)
			for i, total := range []uint64{40, 12, 30} {
				id := someone("ours %d", i)
				w.nominators = append(w.nominators, id)
				w.controller[id], w.ledgers[id] = id, ledgerOf{stash: id, total: total}
			}
			w.nominators = append(w.nominators, someone("not bonded"))
		}, 12},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := networkOf(t, tt.network)
			w := newWorld(n.gen)
			r := newRig(t, tt.network, nil)
			if tt.prepare != nil {
				tt.prepare(r, w)
			}
			r.fill(w)
			put(r.hub, "Staking", "MinNominatorBond", 1<<50)
			put(r.hub, "Staking", "MinValidatorBond", codec.NewBigInt(programme.PlanckFromParts(1, 1).Big()))
			s := r.snapshot(t.Context(), t, request(w))
			deposit := map[string]uint64{"westend 9320": 10_000_000_000, "kusama 1003000": 333_333_333, "kusama 1009002": 3_333_333, "polkadot 2000000": 100_000_000}
			want := programme.ChainLimits{
				MaxNominations: tt.want, MinNominatorBond: programme.NewPlanck(1 << 50), MinValidatorBond: programme.PlanckFromParts(1, 1),
				ExistentialDeposit: programme.NewPlanck(deposit[tt.network]),
			}
			if diff := cmp.Diff(want, s.Limits, planckByValue); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestMaxNominationsOfLastResort is a runtime that says nothing at all.
func TestMaxNominationsOfLastResort(t *testing.T) {
	relay, _, _ := specs(t, "polkadot 1002005")
	m := newModel(t, relay.blob)
	m.drop("ElectionProviderMultiPhase")
	relay.blob = m.encode()
	w := newWorld("B")
	s := startRig(t, w, relay, chainSpec{}, chainSpec{}).snapshot(t.Context(), t, request(w))
	if s.Limits.MaxNominations != 16 {
		t.Errorf("%d nominations", s.Limits.MaxNominations)
	}
}

// TestCandidatesUnderSeveralAddresses has one entry for each account, however it was written.
func TestCandidatesUnderSeveralAddresses(t *testing.T) {
	w := village("C")
	r := newRig(t, "kusama 1009002", w)
	req := request(w)
	req.Candidates = append(req.Candidates, programme.Address(ss58.EncodeAccount(42, w.candidates[0])), req.Candidates[1])
	slices.Reverse(req.Candidates)
	s := r.snapshot(t.Context(), t, req)
	if diff := r.diff(w, s); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	a, err := Reencode(req.Candidates[0], s.Network.SS58Prefix)
	if err != nil || !slices.ContainsFunc(s.Candidates, func(c programme.ChainCandidate) bool { return c.Stash == a }) {
		t.Errorf("%s is not in the snapshot (%v)", a, err)
	}
	if _, err := Reencode("nonsense", 2); err == nil {
		t.Error("nonsense is an address")
	}
}

// TestProgress reports every part once when it is done.
func TestProgress(t *testing.T) {
	w := village("C")
	r := newRig(t, "C", w)
	req := request(w)
	got := map[string]int{}
	req.Progress = func(p Progress) {
		if p.Done {
			if _, again := got[p.Part]; again {
				t.Errorf("%s is reported twice", p.Part)
			}
			got[p.Part] = p.Read
		}
	}
	r.snapshot(t.Context(), t, req)
	want := map[string]int{
		"intentions": 2, "bonds": 2, "points": 1, "exposures": 1, "keys": 1, "identities": 2, "slashes": 1, "nominators": 1,
		"backers": 1, "claims": 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestOldFormInTheActiveEra is a chain of generation B in the era of its change from generation A.
func TestOldFormInTheActiveEra(t *testing.T) {
	w := village("B")
	a := w.candidates[0]
	w.legacy = w.exposures
	w.exposures = map[eraStash]exposure{}
	r := newRig(t, "B", w)
	s := r.snapshot(t.Context(), t, request(w))
	e := w.legacy[eraStash{w.active, a}]
	p := prediction{w, r.prefix, r.keys}
	wantElected := []programme.Elected{{Stash: p.address(a), Total: programme.NewPlanck(e.total())}}
	if diff := cmp.Diff(wantElected, s.Elected, planckByValue); diff != "" {
		t.Errorf("elected (-want +got):\n%s", diff)
	}
	i := slices.IndexFunc(s.Candidates, func(c programme.ChainCandidate) bool { return c.Stash == p.address(a) })
	if diff := cmp.Diff(p.exposure(e), s.Candidates[i].Exposure, planckByValue); diff != "" {
		t.Errorf("exposure (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]programme.UnclaimedEra{{Era: 999, Pages: 1}}, s.Candidates[i].Unclaimed); diff != "" {
		t.Errorf("unclaimed (-want +got):\n%s", diff)
	}
}
