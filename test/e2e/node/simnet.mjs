// The reference client on the simulated network: @polkadot/api connects to every chain of it, reads every storage item
// and constant that the programme knows of, follows heads, and submits a nomination.
//
//   node simnet.mjs --relay ws://... [--hub ws://...] [--people ws://...] --seed URI --targets ADDRESS[,ADDRESS...]
//
// Prints {"items": {"role Pallet.Item": count}, "missing": [...], "constants": {...}, "heads": {...}, "nomination": {...}}.
import { ApiPromise, Keyring, WsProvider } from '@polkadot/api';
import { stringCamelCase } from '@polkadot/util';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { option } from './lib/chain.mjs';

const common = {
  System: 'Account Events Number BlockHash ParentHash LastRuntimeUpgrade', Timestamp: 'Now', Balances: 'TotalIssuance Locks Holds Freezes',
};
const sessions = { Session: 'Validators CurrentIndex NextKeys QueuedKeys DisabledValidators' };
const staking = 'ActiveEra CurrentEra BondedEras Bonded Ledger Payee Validators Nominators CounterForValidators CounterForNominators ' +
  'ErasStakersOverview ErasStakersPaged ErasValidatorPrefs ErasRewardPoints ErasTotalStake ErasValidatorReward ClaimedRewards ' +
  'ValidatorSlashInEra UnappliedSlashes MinNominatorBond MinValidatorBond MinimumActiveStake MinCommission MaxNominatorsCount ' +
  'MaxValidatorsCount ValidatorCount ForceEra';
const identity = { Identity: 'IdentityOf SuperOf SubsOf Registrars' };
const proxy = { Proxy: 'Proxies Announcements' };
const para = { ParachainSystem: 'ValidationData LastRelayChainBlockNumber' };

const storage = {
  one: {
    ...common, ...sessions, ...proxy, ...identity,
    Staking: `${staking} ErasStartSessionIndex ErasStakers ErasStakersClipped SlashingSpans OffendingValidators`,
  },
  relay: { ...common, ...sessions, ...proxy, StakingAhClient: 'ValidatorSet ValidatorPoints Mode NextSessionChangesValidators ValidatorSetAppliedAt' },
  hub: {
    ...common, ...proxy, ...para, Staking: `${staking} OffenceQueue ProcessingOffence EraPruningState`,
    StakingRcClient: 'LastSessionReportEndingIndex',
  },
  people: { ...common, ...para, Identity: `${identity.Identity} UsernameOf UsernameInfoOf` },
};
const stakingConstants = 'SessionsPerEra BondingDuration SlashDeferDuration HistoryDepth MaxExposurePageSize MaxUnlockingChunks';
const proxyConstants = 'ProxyDepositBase ProxyDepositFactor AnnouncementDepositBase AnnouncementDepositFactor MaxProxies MaxPending';
const constants = {
  one: {
    System: 'SS58Prefix BlockHashCount Version', Babe: 'EpochDuration ExpectedBlockTime', Staking: stakingConstants, Balances: 'ExistentialDeposit',
    Proxy: proxyConstants, Utility: 'batchedCallsLimit', ElectionProviderMultiPhase: 'MinerMaxVotesPerVoter', Timestamp: 'MinimumPeriod',
  },
  relay: {
    System: 'SS58Prefix BlockHashCount Version', Session: 'KeyDeposit', Babe: 'EpochDuration ExpectedBlockTime', Balances: 'ExistentialDeposit',
    Proxy: proxyConstants,
  },
  hub: {
    System: 'SS58Prefix BlockHashCount Version', Staking: `${stakingConstants} PlanningEraOffset MaxEraDuration MaxPruningItems MaxValidatorSet`, Balances: 'ExistentialDeposit',
    Proxy: proxyConstants, Utility: 'batchedCallsLimit', ParachainSystem: 'SelfParaId',
  },
  people: { System: 'SS58Prefix BlockHashCount Version', Balances: 'ExistentialDeposit', ParachainSystem: 'SelfParaId' },
};

await cryptoWaitReady();
const hub = option('hub', '');
const roles = hub ? { relay: option('relay'), hub, people: option('people') } : { one: option('relay') };
const out = { items: {}, missing: [], constants: {}, heads: {}, nomination: null };
const complaints = [];
for (const level of ['warn', 'error']) {
  console[level] = (...args) => complaints.push(args.map(String).join(' '));
}
const apis = {};
for (const [role, url] of Object.entries(roles)) {
  const provider = new WsProvider(url, false);
  await provider.connect();
  apis[role] = await ApiPromise.create({ provider, throwOnConnect: true, noInitWarn: false });
}
for (const [role, api] of Object.entries(apis)) {
  await read(role, api);
  out.heads[role] = await follow(api);
}
out.nomination = await nominate(apis.hub ?? apis.one);
out.complaints = complaints;
for (const api of Object.values(apis)) await api.disconnect();
process.stdout.write(`${JSON.stringify(out)}\n`);

// read reads all items of a chain at one final block.
async function read(role, api) {
  const at = await api.at(await api.rpc.chain.getFinalizedHead());
  for (const [pallet, names] of Object.entries(storage[role])) {
    for (const name of names.split(' ')) {
      const query = at.query[stringCamelCase(pallet)]?.[stringCamelCase(name)];
      if (!query) {
        out.missing.push(`${role} ${pallet}.${name}`);
        continue;
      }
      if (query.creator.meta.type.isPlain) {
        const value = await query();
        value.toJSON();
        out.items[`${role} ${pallet}.${name}`] = value.isEmpty ? 0 : 1;
        continue;
      }
      const entries = await query.entries();
      for (const [key, value] of entries) {
        key.args.map(String);
        value.toJSON();
      }
      out.items[`${role} ${pallet}.${name}`] = entries.length;
    }
  }
  for (const [pallet, names] of Object.entries(constants[role])) {
    for (const name of names.split(' ')) {
      const value = api.consts[stringCamelCase(pallet)]?.[name === 'SS58Prefix' ? 'ss58Prefix' : stringCamelCase(name)];
      if (value === undefined) out.missing.push(`${role} constant ${pallet}.${name}`);
      else out.constants[`${role} ${pallet}.${name}`] = value.toString();
    }
  }
}

// follow waits for three new heads and two final ones, whose hashes the node must know under the numbers they state.
async function follow(api) {
  const heads = { new: 0, final: 0 };
  for (const [kind, subscribe, want] of [['new', 'subscribeNewHeads', 3], ['final', 'subscribeFinalizedHeads', 2]]) {
    await new Promise((resolve, reject) => {
      let stop;
      api.rpc.chain[subscribe](async (header) => {
        try {
          const known = await api.rpc.chain.getBlockHash(header.number.toNumber());
          if (!known.eq(header.hash)) reject(new Error(`block ${header.number} is ${known}, its header hashes to ${header.hash}`));
          if (++heads[kind] === want) { (await stop)(); resolve(); }
        } catch (err) { reject(err); }
      }).then((f) => { stop = f; }, reject);
    });
  }
  return heads;
}

// nominate submits a nomination and waits until it is final.
async function nominate(api) {
  const key = new Keyring({ type: 'sr25519', ss58Format: 42 }).addFromUri(option('seed'));
  const call = api.tx.staking.nominate(option('targets').split(','));
  const fee = (await call.paymentInfo(key)).partialFee.toString();
  const result = await new Promise((resolve, reject) => {
    call.signAndSend(key, (r) => {
      if (r.isError) reject(new Error(`the transaction is ${r.status.type}`));
      if (r.status.isFinalized) resolve(r);
    }).catch(reject);
  });
  return {
    address: key.address, fee, block: result.status.asFinalized.toHex(), error: result.dispatchError?.toString() ?? null,
    events: result.events.map(({ event }) => `${event.section}.${event.method}`),
    targets: (await api.query.staking.nominators(key.address)).unwrap().targets.map(String),
  };
}
