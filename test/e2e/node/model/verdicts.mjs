// The checks of the programme's rules, each as the text of the rules has it.
import { fold } from './rules.mjs';

export function verdicts(chain, rules, entry, facts, sources, release) {
  const account = chain.accounts.get(entry.stash);
  const intention = chain.intentions.get(entry.stash);
  const ledger = chain.ledgerOf(entry.stash);
  const { location, remote, history } = facts;
  // What a feed that works has nothing of was never there.
  const presence = facts.presence ?? { firstSeen: 0, lastSeen: 0, live: 0, outages: [] };
  const feed = (known, judge) => fromSource(sources.telemetry, known, judge);
  return {
    ONLINE: feed(true, () => pass(presence.firstSeen > 0 && (presence.live > 0 || chain.now - presence.lastSeen <= rules.grace))),
    VALIDATE_INTENTION: chain.intentions.size === 0 ? 'unknown' : pass(intention !== undefined),
    CLIENT_UPGRADE: clientUpgrade(chain, rules, presence, sources, release),
    CONNECTION_TIME: feed(true, () => pass(presence.firstSeen > 0 && chain.now - presence.firstSeen >= rules.connectionTime)),
    IDENTITY: pass(account.identity?.some((kind) => kind === 'Reasonable' || kind === 'KnownGood')),
    ACCUMULATED_OFFLINE_TIME: feed(true, () => pass(offlineTime(chain.now, rules, presence, sources.telemetry) <= rules.offlineAllowed)),
    COMMISION: intention ? pass(intention.commission <= rules.commission) : 'unknown',
    SELF_STAKE: entry.skipSelfStake ? 'n/a' : pass(ledger !== undefined && ledger.active >= rules.minSelfStake),
    UNCLAIMED_REWARDS: pass(!unclaimed(chain, entry.stash).some((era) => era <= chain.active - rules.unclaimedEras - 1)),
    BLOCKED: pass(!intention?.blocked),
    KUSAMA_RANK: entry.kusamaStash ? fromSource(sources['remote-rank'], remote, () => pass(remote.found && remote.valid && remote.rank >= rules.remoteRank)) : 'n/a',
    // A missing lookup does not make invalid.
    PROVIDER: fromSource(sources.location, true, () => pass(!banned(rules, location))),
    BEEFY: pass(account.keys && !account.keys.beefy?.startsWith('0x62656566')),
    SANCTIONED_GEO_AREA: fromSource(sources.location, true, () => pass(!sanctioned(rules, location))),
    SUSPENDED: fromSource(sources.history, true, () => pass(!history?.suspended)),
  };
}

const pass = (yes) => (yes ? 'pass' : 'fail');

// What a source that is switched off would say does not apply; what no source says is unknown.
function fromSource(source, part, judge) {
  if (source?.state === 'off') return 'n/a';
  if (source?.state !== 'ok' || !part) return 'unknown';
  return judge();
}

export function validity(states) {
  const all = Object.values(states);
  return all.includes('fail') ? 'invalid' : all.includes('unknown') ? 'unknown' : 'valid';
}

// Within the grace after a release any version will do. A node that does not name its client is taken for the main one
// (docs/rules.md): else hiding the name would exempt it.
function clientUpgrade(chain, rules, presence, sources, release) {
  if (sources.telemetry?.state === 'off' || sources.release?.state === 'off') return 'n/a';
  if (presence.implementation && presence.implementation !== 'Parity Polkadot') return 'n/a';
  return fromSource(sources.release, release, () => {
    const required = triple(release.name);
    if (!required) return 'unknown';
    if (chain.now <= release.publishedAt + rules.upgradeGrace) return 'pass';
    return fromSource(sources.telemetry, true, () => {
      const reported = triple(presence.version);
      return pass(reported && compare(reported, required) >= 0);
    });
  });
}

const triple = (text) => /(\d+)\.(\d+)\.(\d+)/.exec(text)?.slice(1, 4).map(Number);

const compare = (a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2];

// Offline time of the trailing week: outages longer than the grace, without what the observer did not see.
export function offlineTime(now, rules, presence, source) {
  const clip = (from, to, list) => list.reduce((sum, i) => sum + Math.max(0, Math.min(to, i.to || now) - Math.max(from, i.from)), 0);
  const start = now - rules.offlineWindow;
  return (presence?.outages ?? [])
    .map((o) => ({ from: o.from, to: o.to || now }))
    .filter((o) => o.to - o.from > rules.grace)
    .map((o) => ({ from: Math.max(o.from, start), to: Math.min(o.to, now) }))
    .filter((o) => o.from < o.to)
    .reduce((sum, o) => sum + (o.to - o.from) - clip(o.from, o.to, source?.blind ?? []), 0);
}

// Past eras whose reward is set and in which the stash earned points, but which its ledger does not list as claimed.
export function unclaimed(chain, stash) {
  const ledger = chain.ledgerOf(stash);
  const out = [];
  for (let era = Math.max(0, chain.planned - chain.depth); era < chain.active; era++) {
    const earned = (chain.points.get(era)?.get(stash) ?? 0) > 0;
    if (earned && chain.rewarded.has(era) && !ledger?.claimed.has(era)) out.push(era);
  }
  return out;
}

export const banned = (rules, location) =>
  Boolean(location) && (rules.bannedProviders.includes(fold(location.provider)) || rules.bannedNumbers.includes(location.asn));

const sanctioned = (rules, location) =>
  Boolean(location) && (rules.sanctionedCountries.includes(fold(location.country)) || rules.sanctionedRegions.includes(fold(location.region)));
