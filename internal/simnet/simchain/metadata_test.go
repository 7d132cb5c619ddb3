package simchain

import (
	"testing"

	"github.com/thousand-validators/otv/substrate/metadata"
)

// testParams are those of a small chain.
func testParams() Params {
	return Params{
		SS58Prefix: 42, BlockTime: 6000, SessionBlocks: 10, SessionsPerEra: 6, PlanningEraOffset: 6, BondingDuration: 4, SlashDeferDuration: 2,
		HistoryDepth: 84, ExposurePage: 4, MaxNominations: 16, ValidatorCount: 10, ExistentialDeposit: 100_000_000,
		MinNominatorBond: 10_000_000_000, MinValidatorBond: 10_000_000_000,
		ProxyBase: 2_004_000_000, ProxyFactor: 3_300_000, AnnouncementBase: 2_004_800_000, AnnouncementFactor: 6_600_000,
	}
}

// TestMetadata: every role's metadata can be written in every version and read back.
func TestMetadata(t *testing.T) {
	for _, role := range []Role{RoleOne, RoleRelay, RoleHub, RolePeople} {
		for _, version := range []uint8{14, 15, 16} {
			blob, err := newBuilder(role, testParams(), "sim", 1, 0).Encode(version)
			if err != nil {
				t.Fatalf("%s: %v", role, err)
			}
			m, err := metadata.Parse(blob)
			if err != nil {
				t.Fatalf("%s, version %d: %v", role, version, err)
			}
			if _, ok := m.Pallet("Staking"); ok != (role != RolePeople) {
				t.Errorf("%s has the pallet Staking: %v", role, ok)
			}
		}
	}
}
