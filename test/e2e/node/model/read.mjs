// Everything the rules need from the chain, read with @polkadot/api at one block.
const big = (v) => BigInt(v.toString());

export async function readChain(api, hash, stashes, nominators) {
  const at = await api.at(hash);
  const q = at.query;
  const active = (await q.staking.activeEra()).unwrap().index.toNumber();
  const chain = {
    hash,
    now: (await q.timestamp.now()).toNumber(),
    decimals: api.registry.chainDecimals[0],
    active,
    planned: (await q.staking.currentEra()).unwrap().toNumber(),
    maxNominations: await maxNominations(at),
    minNominatorBond: big(await q.staking.minNominatorBond()),
    depth: at.consts.staking.historyDepth.toNumber(),
    intentions: new Map((await q.staking.validators.entries()).map(([k, v]) => [k.args[0].toString(), { commission: v.commission.toNumber(), blocked: v.blocked.isTrue }])),
    exposures: new Map((await q.staking.erasStakers.entries(active)).map(([k, v]) => [k.args[1].toString(), exposure(v)])),
    points: new Map(),
    rewarded: new Set((await q.staking.erasValidatorReward.entries()).filter(([, v]) => v.isSome).map(([k]) => k.args[0].toNumber())),
  };
  for (const [k, v] of await q.staking.erasRewardPoints.entries()) {
    chain.points.set(k.args[0].toNumber(), new Map([...v.individual.entries()].map(([who, n]) => [who.toString(), n.toNumber()])));
  }
  const bonded = new Map((await q.staking.bonded.entries()).map(([k, v]) => [k.args[0].toString(), v.unwrap().toString()]));
  const ledgers = new Map((await q.staking.ledger.entries()).map(([k, v]) => [k.args[0].toString(), ledger(v.unwrap())]));
  chain.ledgerOf = (stash) => ledgers.get(bonded.get(stash));
  chain.backers = (await q.staking.nominators.entries()).map(([k, v]) => {
    const n = v.unwrap();
    return { stash: k.args[0].toString(), targets: n.targets.map(String), submittedIn: n.submittedIn.toNumber() };
  });
  chain.accounts = new Map();
  const identities = await readIdentities(q, stashes);
  const keys = await q.session.nextKeys.multi(stashes);
  stashes.forEach((stash, i) => chain.accounts.set(stash, { identity: identities[i], keys: named(keys[i]) }));
  // A nominator of the programme may be named by its controller; what it holds is the stash's.
  chain.stashOf = (address) => ledgers.get(address)?.stash ?? address;
  chain.balances = new Map();
  for (const stash of nominators.map(chain.stashOf)) {
    const { data } = await q.system.account(stash);
    chain.balances.set(stash, big(data.free) + big(data.reserved));
  }
  return chain;
}

const ledger = (l) => ({ stash: l.stash.toString(), active: big(l.active), claimed: new Set(l.claimedRewards.map((e) => e.toNumber())) });

const exposure = (e) => ({ total: big(e.total), others: e.others.map((o) => ({ who: o.who.toString(), value: big(o.value) })) });

// The most targets of one nominator: a constant in old runtimes, a call in newer ones.
async function maxNominations(at) {
  const constant = at.consts.staking.maxNominations;
  if (constant) return constant.toNumber();
  return (await at.call.stakingApi.nominationsQuota(0)).toNumber();
}

// The registration of each stash or else of its super-identity, as the kinds of its judgements; null when there is none.
async function readIdentities(q, stashes) {
  const own = await q.identity.identityOf.multi(stashes);
  const up = await q.identity.superOf.multi(stashes);
  const parents = up.map((s, i) => (own[i].isNone && s.isSome ? s.unwrap()[0].toString() : null));
  const found = [...new Set(parents.filter((p) => p))];
  const registered = new Map((await q.identity.identityOf.multi(found)).map((r, i) => [found[i], r]));
  return stashes.map((_, i) => {
    const r = own[i].isSome ? own[i] : registered.get(parents[i]);
    return r?.isSome ? judgements(r) : null;
  });
}

// Some runtimes keep a username beside the registration.
function judgements(stored) {
  const value = stored.unwrap();
  return (value.judgements ?? value[0].judgements).map(([, j]) => j.type);
}

const named = (next) => (next.isSome ? Object.fromEntries([...next.unwrap().entries()].map(([name, key]) => [name, key.toHex()])) : null);
