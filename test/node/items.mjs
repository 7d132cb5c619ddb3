// What the vectors cover: the storage items and constants of which the program makes use, and that Go users of the
// library meet first. A chain has only some of them.
export const items = {
  System: ['Account', 'Events', 'Number', 'BlockHash'],
  Timestamp: ['Now'],
  Balances: ['Locks', 'Holds', 'Freezes', 'TotalIssuance'],
  Session: ['Validators', 'CurrentIndex', 'NextKeys', 'QueuedKeys', 'DisabledValidators', 'KeyOwner'],
  Staking: [
    'ActiveEra', 'CurrentEra', 'BondedEras', 'ErasStartSessionIndex', 'Bonded', 'Ledger', 'Payee', 'Validators',
    'Nominators', 'CounterForValidators', 'CounterForNominators', 'ErasStakers', 'ErasStakersClipped',
    'ErasStakersOverview', 'ErasStakersPaged', 'ErasValidatorPrefs', 'ErasRewardPoints', 'ErasTotalStake',
    'ErasValidatorReward', 'ClaimedRewards', 'ErasClaimedRewards', 'SlashingSpans', 'ValidatorSlashInEra',
    'UnappliedSlashes', 'OffendingValidators', 'DisabledValidators', 'OffenceQueue', 'MinNominatorBond',
    'MinValidatorBond', 'MinimumActiveStake', 'MinCommission', 'MaxNominatorsCount', 'MaxValidatorsCount',
    'ValidatorCount', 'ForceEra', 'EraPruningState', 'AreNominatorsSlashable', 'ErasNominatorsSlashable',
    'LastValidatorEra', 'Invulnerables', 'SpanSlash',
  ],
  Identity: [
    'IdentityOf', 'SuperOf', 'SubsOf', 'Registrars', 'UsernameOf', 'UsernameInfoOf', 'AccountOfUsername',
    'UsernameAuthorities', 'AuthorityOf',
  ],
  Proxy: ['Proxies', 'Announcements'],
  Offences: ['Reports', 'ConcurrentReportsIndex'],
  StakingAhClient: [
    'Mode', 'ValidatorPoints', 'ValidatorSet', 'NextSessionChangesValidators', 'ValidatorSetAppliedAt',
  ],
  StakingRcClient: ['LastSessionReportEndingIndex'],
  ParachainSystem: ['ValidationData', 'LastRelayChainBlockNumber'],
};

export const constants = {
  System: ['SS58Prefix', 'BlockHashCount', 'Version'],
  Babe: ['EpochDuration', 'ExpectedBlockTime'],
  Aura: ['SlotDuration'],
  Timestamp: ['MinimumPeriod'],
  Staking: [
    'SessionsPerEra', 'BondingDuration', 'SlashDeferDuration', 'HistoryDepth', 'MaxNominations',
    'MaxNominatorRewardedPerValidator', 'MaxExposurePageSize', 'MaxUnlockingChunks', 'PlanningEraOffset',
    'MaxEraDuration', 'MaxPruningItems', 'MaxValidatorSet',
  ],
  ElectionProviderMultiPhase: ['MinerMaxVotesPerVoter'],
  Balances: ['ExistentialDeposit'],
  Proxy: [
    'ProxyDepositBase', 'ProxyDepositFactor', 'AnnouncementDepositBase', 'AnnouncementDepositFactor', 'MaxProxies',
    'MaxPending',
  ],
  Utility: ['batched_calls_limit'],
  Session: ['KeyDeposit'],
  ParachainSystem: ['SelfParaId'],
};

// Events that the vectors contain where a chain has them, besides some chosen by chance.
export const events = [
  'System.ExtrinsicSuccess', 'System.ExtrinsicFailed', 'Session.NewSession', 'Staking.Rewarded', 'Staking.EraPaid',
  'Staking.Chilled', 'Staking.Kicked', 'Staking.PayoutStarted', 'Staking.SlashReported', 'Staking.OffenceReported',
  'Staking.SessionRotated', 'StakingRcClient.SessionReportReceived', 'Proxy.Announced', 'Proxy.ProxyExecuted',
  'TransactionPayment.TransactionFeePaid', 'Offences.Offence', 'ImOnline.SomeOffline', 'Session.ValidatorDisabled',
  'Utility.BatchInterrupted', 'Utility.ItemFailed', 'Balances.Transfer',
];
