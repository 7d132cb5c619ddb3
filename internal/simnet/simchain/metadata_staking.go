package simchain

import "github.com/thousand-validators/otv/substrate/scale"

func (b *builder) session() {
	keys := []string{"grandpa", "babe", "para_validator", "para_assignment", "authority_discovery"}
	fields := make([]string, 0, len(keys)+1)
	for _, k := range keys {
		fields = append(fields, k+": Public")
	}
	b.Wrapper("sp_core::sr25519::Public", "[u8; 32]")
	b.Wrapper("EcdsaPublic=sp_consensus_beefy::ecdsa_crypto::Public", "[u8; 33]")
	b.Struct("sim_runtime::SessionKeys", append(fields, "beefy: EcdsaPublic")...)
	p := b.pallet("Session", 8)
	p.Value("Validators", "Vec<AccountId32>", false)
	p.Value("CurrentIndex", "u32", false)
	p.Value("QueuedChanged", "bool", false)
	p.Value("QueuedKeys", "Vec<(AccountId32, SessionKeys)>", false)
	disabled := "Vec<u32>"
	events := []string{"NewSession{session_index: u32}"}
	if b.role == RoleRelay {
		b.Wrapper("sp_staking::offence::OffenceSeverity", "Perbill")
		disabled = "Vec<(u32, OffenceSeverity)>"
		events = append(events, "NewQueued", "ValidatorDisabled{validator: AccountId32}", "ValidatorReenabled{validator: AccountId32}")
	}
	p.Value("DisabledValidators", disabled, false)
	p.Map("NextKeys", "Twox64Concat: AccountId32", "SessionKeys", true)
	p.Calls("set_keys{keys: SessionKeys, proof: Vec<u8>}", "purge_keys")
	p.Events(events...)
	if b.role == RoleRelay {
		p.Constant("KeyDeposit", "u128", u128(0))
	}
	p.Errors("InvalidProof", "NoAssociatedValidatorId", "DuplicatedKey", "NoKeys", "NoAccount")

	p = b.pallet("Babe", 2)
	p.Value("EpochIndex", "u64", false)
	p.Value("CurrentSlot", "u64", false)
	p.Constant("EpochDuration", "u64", scale.AppendU64(nil, b.params.SessionBlocks))
	p.Constant("ExpectedBlockTime", "u64", scale.AppendU64(nil, b.params.BlockTime))

	p = b.pallet("Offences", 7)
	p.Events("Offence{kind: [u8; 16], timeslot: Vec<u8>}")
}

func (b *builder) staking() {
	hub := b.role == RoleHub
	b.Struct("pallet_staking::ActiveEraInfo", "index: u32", "start: Option<u64>")
	b.Struct("pallet_staking::UnlockChunk", "value: Compact<u128>", "era: Compact<u32>")
	ledger := []string{"stash: AccountId32", "total: Compact<u128>", "active: Compact<u128>", "unlocking: Vec<UnlockChunk>"}
	if !hub {
		ledger = append(ledger, "legacy_claimed_rewards: Vec<u32>")
	}
	b.Struct("pallet_staking::StakingLedger", ledger...)
	b.Enum("pallet_staking::RewardDestination", "Staked", "Stash", "Controller", "Account(AccountId32)", "None")
	b.Struct("pallet_staking::ValidatorPrefs", "commission: Compact<Perbill>", "blocked: bool")
	b.Struct("pallet_staking::Nominations", "targets: Vec<AccountId32>", "submitted_in: u32", "suppressed: bool")
	b.Struct("sp_staking::IndividualExposure", "who: AccountId32", "value: Compact<u128>")
	b.Struct("sp_staking::Exposure", "total: Compact<u128>", "own: Compact<u128>", "others: Vec<IndividualExposure>")
	b.Struct("sp_staking::PagedExposureMetadata", "total: Compact<u128>", "own: Compact<u128>", "nominator_count: u32", "page_count: u32")
	b.Struct("sp_staking::ExposurePage", "page_total: Compact<u128>", "others: Vec<IndividualExposure>")
	b.Struct("pallet_staking::EraRewardPoints", "total: u32", "individual: BTreeMap<AccountId32, u32>")
	b.Enum("pallet_staking::Forcing", "NotForcing", "ForceNew", "ForceNone", "ForceAlways")

	index := uint8(6)
	if hub {
		index = 89
	}
	p := b.pallet("Staking", index)
	p.Value("ValidatorCount", "u32", false).Value("Invulnerables", "Vec<AccountId32>", false)
	p.Map("Bonded", "Twox64Concat: AccountId32", "AccountId32", true)
	p.Value("MinNominatorBond", "u128", false).Value("MinValidatorBond", "u128", false).Value("MinimumActiveStake", "u128", false)
	p.Value("MinCommission", "Perbill", false)
	p.Map("Ledger", "Blake2_128Concat: AccountId32", "StakingLedger", true)
	p.Map("Payee", "Twox64Concat: AccountId32", "RewardDestination", true)
	p.Map("Validators", "Twox64Concat: AccountId32", "ValidatorPrefs", false)
	p.Value("CounterForValidators", "u32", false).Value("MaxValidatorsCount", "u32", true)
	p.Map("Nominators", "Twox64Concat: AccountId32", "Nominations", true)
	p.Value("CounterForNominators", "u32", false).Value("MaxNominatorsCount", "u32", true)
	p.Value("CurrentEra", "u32", true).Value("ActiveEra", "ActiveEraInfo", true)
	era, stash := "Twox64Concat: u32", "Twox64Concat: AccountId32"
	byEra := era + ", " + stash
	p.Map("ErasStakersOverview", byEra, "PagedExposureMetadata", true)
	p.Map("ErasStakersPaged", byEra+", Twox64Concat: u32", "ExposurePage", true)
	p.Map("ClaimedRewards", byEra, "Vec<u32>", false)
	p.Map("ErasValidatorPrefs", byEra, "ValidatorPrefs", false)
	p.Map("ErasValidatorReward", era, "u128", true)
	p.Map("ErasRewardPoints", era, "EraRewardPoints", false)
	p.Map("ErasTotalStake", era, "u128", false)
	p.Value("ForceEra", "Forcing", false).Value("SlashRewardFraction", "Perbill", false)
	p.Value("BondedEras", "Vec<(u32, u32)>", false)
	p.Map("ValidatorSlashInEra", byEra, "(Perbill, u128)", true)
	if hub {
		b.hubSlashes(p)
	} else {
		b.oneSlashes(p)
	}
	u32 := func(name string, n uint32) { p.Constant(name, "u32", scale.AppendU32(nil, n)) }
	u32("HistoryDepth", b.params.HistoryDepth)
	u32("SessionsPerEra", b.params.SessionsPerEra)
	u32("BondingDuration", b.params.BondingDuration)
	u32("SlashDeferDuration", b.params.SlashDeferDuration)
	u32("MaxExposurePageSize", b.params.ExposurePage)
	u32("MaxUnlockingChunks", maxUnlocking)
	if hub {
		u32("PlanningEraOffset", b.params.PlanningEraOffset)
		u32("MaxValidatorSet", 1000)
		u32("MaxPruningItems", 100)
		p.Constant("MaxEraDuration", "u64", scale.AppendU64(nil, 2*b.params.BlockTime*b.params.SessionBlocks*uint64(b.params.SessionsPerEra)))
	}
	p.Calls(
		"bond{value: Compact<u128>, payee: RewardDestination}", "bond_extra{max_additional: Compact<u128>}", "unbond{value: Compact<u128>}",
		"withdraw_unbonded{num_slashing_spans: u32}", "validate{prefs: ValidatorPrefs}", "nominate{targets: Vec<MultiAddress>}", "chill",
		"set_payee{payee: RewardDestination}", "payout_stakers=18{validator_stash: AccountId32, era: u32}",
		"payout_stakers_by_page=26{validator_stash: AccountId32, era: u32, page: u32}")
	if hub {
		p.Events(hubStakingEvents()...).Errors(hubStakingErrors()...)
	} else {
		p.Events(oneStakingEvents()...).Errors(oneStakingErrors()...)
	}
	if !hub {
		e := b.pallet("ElectionProviderMultiPhase", 36)
		e.Constant("MinerMaxVotesPerVoter", "u32", scale.AppendU32(nil, b.params.MaxNominations))
	}
}

// relayStaking is what remains of staking on a relay chain: the client of Asset Hub, and a pallet that is declared, empty
// and filtered.
func (b *builder) relayStaking() {
	b.staking0()
	b.Enum("pallet_staking_async_ah_client::OperatingMode", "Passive", "Buffered", "Active")
	p := b.pallet("StakingAhClient", 42)
	p.Value("ValidatorSet", "(u32, Vec<AccountId32>)", true)
	p.Map("ValidatorPoints", "Twox64Concat: AccountId32", "u32", false)
	p.Value("Mode", "OperatingMode", false)
	p.Value("NextSessionChangesValidators", "u32", true)
	p.Value("ValidatorSetAppliedAt", "u32", true)
	p.Events("ValidatorSetReceived{id: u32, new_validator_set_count: u32, prune_up_to: Option<u32>, leftover: bool}", "CouldNotMergeAndDropped",
		"SetTooSmallAndDropped")
	p.Errors("Blocked")
}

// staking0 declares the old staking pallet of a relay chain of today.
func (b *builder) staking0() {
	role := b.role
	b.role = RoleOne
	b.staking()
	b.role = role
}

func (b *builder) rcClient() {
	p := b.pallet("StakingRcClient", 84)
	p.Value("LastSessionReportEndingIndex", "u32", true)
	p.Value("OutgoingValidatorSet", "(u32, Vec<AccountId32>)", true)
	p.Events("SessionReportReceived{end_index: u32, activation_timestamp: Option<(u64, u32)>, validator_points_counts: u32, leftover: bool}",
		"OffenceReceived{slash_session: u32, offences_count: u32}")
}
