package simchain

import "github.com/thousand-validators/otv/substrate/substratetest"

// hubSlashes are the items about offences on Asset Hub.
func (b *builder) hubSlashes(p *substratetest.Pallet) {
	b.Struct("pallet_staking_async::OffenceRecord", "reporter: Option<AccountId32>", "reported_era: u32", "exposure_page: u32",
		"slash_fraction: Perbill", "prior_slash_fraction: Perbill")
	b.Struct("pallet_staking_async::UnappliedSlash", "validator: AccountId32", "own: u128", "others: Vec<(AccountId32, u128)>",
		"reporter: Option<AccountId32>", "payout: u128")
	b.Enum("pallet_staking_async::PruningStep", "ErasStakersPaged", "ErasStakersOverview", "ErasValidatorPrefs", "ClaimedRewards",
		"ErasValidatorReward", "ErasRewardPoints", "ErasTotalStake")
	p.Map("OffenceQueue", "Twox64Concat: u32, Twox64Concat: AccountId32", "OffenceRecord", true)
	p.Value("OffenceQueueEras", "Vec<u32>", true)
	p.Value("ProcessingOffence", "(u32, AccountId32, OffenceRecord)", true)
	p.Map("UnappliedSlashes", "Twox64Concat: u32, Twox64Concat: (AccountId32, Perbill, u32)", "UnappliedSlash", true)
	p.Map("EraPruningState", "Twox64Concat: u32", "PruningStep", true)
	p.Map("VirtualStakers", "Twox64Concat: AccountId32", "()", true)
}

// oneSlashes are the items about offences on a relay chain, and others that only its staking pallet has.
func (b *builder) oneSlashes(p *substratetest.Pallet) {
	b.Struct("pallet_staking::UnappliedSlash", "validator: AccountId32", "own: u128", "others: Vec<(AccountId32, u128)>",
		"reporters: Vec<AccountId32>", "payout: u128")
	b.Struct("pallet_staking::slashing::SlashingSpans", "span_index: u32", "last_start: u32", "last_nonzero_slash: u32", "prior: Vec<u32>")
	byEra := "Twox64Concat: u32, Twox64Concat: AccountId32"
	p.Map("ErasStartSessionIndex", "Twox64Concat: u32", "u32", true)
	p.Map("ErasStakers", byEra, "Exposure", false)
	p.Map("ErasStakersClipped", byEra, "Exposure", false)
	p.Map("UnappliedSlashes", "Twox64Concat: u32", "Vec<UnappliedSlash>", false)
	p.Map("NominatorSlashInEra", byEra, "u128", true)
	p.Map("SlashingSpans", "Twox64Concat: AccountId32", "SlashingSpans", true)
	p.Value("CurrentPlannedSession", "u32", false)
	p.Value("OffendingValidators", "Vec<(u32, bool)>", false)
}

const whoAmount = "{stash: AccountId32, amount: u128}"

func oneStakingEvents() []string {
	return []string{
		"EraPaid{era_index: u32, validator_payout: u128, remainder: u128}", "Rewarded{stash: AccountId32, dest: RewardDestination, amount: u128}",
		"Slashed{staker: AccountId32, amount: u128}", "SlashReported{validator: AccountId32, fraction: Perbill, slash_era: u32}",
		"OldSlashingReportDiscarded{session_index: u32}", "StakersElected", "Bonded" + whoAmount, "Unbonded" + whoAmount, "Withdrawn" + whoAmount,
		"Kicked{nominator: AccountId32, stash: AccountId32}", "StakingElectionFailed", "Chilled{stash: AccountId32}",
		"PayoutStarted{era_index: u32, validator_stash: AccountId32}", "ValidatorPrefsSet{stash: AccountId32, prefs: ValidatorPrefs}",
	}
}

func hubStakingEvents() []string {
	return []string{
		"EraPaid{era_index: u32, validator_payout: u128, remainder: u128}", "Rewarded{stash: AccountId32, dest: RewardDestination, amount: u128}",
		"Slashed{staker: AccountId32, amount: u128}", "OldSlashingReportDiscarded{session_index: u32}", "Bonded" + whoAmount,
		"Unbonded" + whoAmount, "Withdrawn" + whoAmount, "StakerRemoved{stash: AccountId32}", "Kicked{nominator: AccountId32, stash: AccountId32}",
		"Chilled{stash: AccountId32}", "PayoutStarted{era_index: u32, validator_stash: AccountId32, page: u32, next: Option<u32>}",
		"ValidatorPrefsSet{stash: AccountId32, prefs: ValidatorPrefs}",
		"OffenceReported=18{offence_era: u32, validator: AccountId32, fraction: Perbill}",
		"SlashComputed{offence_era: u32, slash_era: u32, offender: AccountId32, page: u32}", "SlashCancelled{slash_era: u32, validator: AccountId32}",
		"SessionRotated{starting_session: u32, active_era: u32, planned_era: u32}", "EraPruned=24{index: u32}",
	}
}

func oneStakingErrors() []string {
	return []string{
		"NotController", "NotStash", "AlreadyBonded", "AlreadyPaired", "EmptyTargets", "DuplicateIndex", "InvalidSlashIndex", "InsufficientBond",
		"NoMoreChunks", "NoUnlockChunk", "FundedTarget", "InvalidEraToReward", "InvalidNumberOfNominations", "NotSortedAndUnique",
		"AlreadyClaimed", "InvalidPage", "IncorrectHistoryDepth", "IncorrectSlashingSpans", "BadState", "TooManyTargets", "BadTarget",
		"CannotChillOther", "TooManyNominators", "TooManyValidators", "CommissionTooLow", "BoundNotMet", "ControllerDeprecated",
	}
}

func hubStakingErrors() []string {
	return []string{
		"NotController", "NotStash", "AlreadyBonded", "AlreadyPaired", "EmptyTargets", "DuplicateIndex", "InvalidSlashRecord", "InsufficientBond",
		"NoMoreChunks", "NoUnlockChunk", "FundedTarget", "InvalidEraToReward", "InvalidNumberOfNominations", "AlreadyClaimed", "InvalidPage",
		"IncorrectHistoryDepth", "BadState", "TooManyTargets", "BadTarget", "CannotChillOther", "TooManyNominators", "TooManyValidators",
		"CommissionTooLow", "BoundNotMet", "ControllerDeprecated",
	}
}
