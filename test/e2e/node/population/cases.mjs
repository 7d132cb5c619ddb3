// Candidates that each stand for one corner of the rules. `expect` is what the rules' text demands for the checks in
// question, written down by hand; every other check of the candidate passes or does not apply.
//
// chain: what the chain is filled with; facts: what the facts file says; entry: fields of the list entry.
// Times in facts are ages: milliseconds before the block at which the round is read.
import { day } from './world.mjs';

const minute = 60_000;
const allowedOffline = 12_096_000;

export function cases(w) {
  const list = [
    { label: 'name with emoji and spaces', entry: { name: '🚀 Rocket Nodes / 01 🇨🇭' } },
    { label: 'several chat handles', entry: { riotHandle: ['@one:matrix.org', '@two:matrix.org'], kyc: true } },

    // Intention, bond, preferences.
    { label: 'not on chain at all', chain: null, expect: { VALIDATE_INTENTION: 'fail', COMMISION: 'unknown', SELF_STAKE: 'fail', IDENTITY: 'fail', BEEFY: 'fail' } },
    { label: 'bonded, but not validating', chain: { validating: false }, expect: { VALIDATE_INTENTION: 'fail', COMMISION: 'unknown' } },
    { label: 'bond exactly the limit', chain: { active: w.minSelfStake } },
    { label: 'bond one planck below the limit', chain: { active: w.minSelfStake - 1n }, expect: { SELF_STAKE: 'fail' } },
    { label: 'total above the limit, active below', chain: { active: w.minSelfStake - 5n, unlocking: 100n * w.token }, expect: { SELF_STAKE: 'fail' } },
    { label: 'bond too low, but exempt', chain: { active: 3n * w.token }, entry: { skipSelfStake: true } },
    { label: 'bond beyond 2^53 planck', chain: { active: 2_345_678n * w.token + 1n } },
    { label: 'ledger under a separate controller', chain: { controller: true } },
    { label: 'bonded entry without a ledger', chain: { ledger: false, activity: 0 }, expect: { SELF_STAKE: 'fail' } },
    { label: 'commission exactly the limit', chain: { commission: w.commission } },
    { label: 'commission one part over the limit', chain: { commission: w.commission + 1 }, expect: { COMMISION: 'fail' } },
    { label: 'commission 100 %', chain: { commission: 1_000_000_000 }, expect: { COMMISION: 'fail' } },
    { label: 'blocked', chain: { blocked: true }, expect: { BLOCKED: 'fail' } },
    { label: 'blocked and over the commission limit', chain: { blocked: true, commission: 999_999_999 }, expect: { BLOCKED: 'fail', COMMISION: 'fail' } },

    // Identity.
    { label: 'no identity', chain: { identity: null }, expect: { IDENTITY: 'fail' } },
    { label: 'identity without judgement', chain: { identity: { judgements: [] } }, expect: { IDENTITY: 'fail' } },
    { label: 'fee paid only', chain: { identity: { judgements: [[0, { FeePaid: 10n * w.token }]] } }, expect: { IDENTITY: 'fail' } },
    { label: 'judged unknown, out of date, low quality and erroneous', chain: { identity: { judgements: [[0, 'Unknown'], [1, 'OutOfDate'], [2, 'LowQuality'], [3, 'Erroneous']] } }, expect: { IDENTITY: 'fail' } },
    { label: 'known good by the second registrar', chain: { identity: { judgements: [[0, 'LowQuality'], [2, 'KnownGood']] } } },
    { label: 'sub-identity, parent judged', chain: { identity: { parent: { judgements: [[1, 'Reasonable']] }, sub: 'node 1' } } },
    { label: 'sub-identity with emoji, parent known good', chain: { identity: { parent: { judgements: [[0, 'KnownGood']] }, sub: '🛰 two' } } },
    { label: 'sub-identity, parent not judged', chain: { identity: { parent: { judgements: [] }, sub: 'node 3' } }, expect: { IDENTITY: 'fail' } },
    { label: 'sub-identity of a parent without registration', chain: { identity: { parent: null, sub: 'orphan' } }, expect: { IDENTITY: 'fail' } },
    { label: 'own identity not judged, parent judged', chain: { identity: { judgements: [], parent: { judgements: [[1, 'Reasonable']] }, sub: 'both' } }, expect: { IDENTITY: 'fail' } },

    // Keys.
    { label: 'no session keys', chain: { keys: null }, expect: { BEEFY: 'fail' } },

    // Payouts.
    { label: 'old era unclaimed', chain: { claims: { open: [w.active - w.unclaimedEras - 9, w.active - w.unclaimedEras - 3] } }, expect: { UNCLAIMED_REWARDS: 'fail' } },
    { label: 'unclaimed era exactly too old', chain: { claims: { open: [w.active - w.unclaimedEras - 1] } }, expect: { UNCLAIMED_REWARDS: 'fail' } },
    { label: 'unclaimed eras just young enough', chain: { claims: { open: range(w.active - w.unclaimedEras, w.active - 1) } } },
    { label: 'old unclaimed era without a reward on chain', chain: { claims: { open: [w.active - 40] } } },
    { label: 'old unclaimed era without points', chain: { claims: { open: [w.active - 30], idle: [w.active - 30] } } },

    // Slashes do not make invalid by themselves.
    { label: 'slashed in a past era', chain: { slashed: 'applied' } },
    { label: 'slash not yet applied', chain: { slashed: 'unapplied' } },

    // Presence.
    { label: 'never seen', facts: { presence: { firstSeen: null, lastSeen: null, live: 0, implementation: '', version: '' } }, expect: { ONLINE: 'fail', CONNECTION_TIME: 'fail', CLIENT_UPGRADE: 'fail' } },
    { label: 'the feed works, but knows nothing of it', facts: { presence: null }, expect: { ONLINE: 'fail', CONNECTION_TIME: 'fail', CLIENT_UPGRADE: 'fail' } },
    { label: 'gone for exactly five minutes', facts: { presence: { lastSeen: 5 * minute, live: 0, outages: [[5 * minute, 0]] } } },
    { label: 'gone for five minutes and a millisecond', facts: { presence: { lastSeen: 5 * minute + 1, live: 0, outages: [[5 * minute + 1, 0]] } }, expect: { ONLINE: 'fail' } },
    { label: 'gone for four hours', facts: { presence: { lastSeen: 240 * minute, live: 0, outages: [[240 * minute, 0]] } }, expect: { ONLINE: 'fail', ACCUMULATED_OFFLINE_TIME: 'fail' } },
    { label: 'first seen exactly seven days ago', facts: { presence: { firstSeen: 7 * day } } },
    { label: 'first seen a millisecond too late', facts: { presence: { firstSeen: 7 * day - 1 } }, expect: { CONNECTION_TIME: 'fail' } },
    { label: 'offline exactly as long as allowed', facts: { presence: { outages: [[3 * day, 3 * day - allowedOffline]] } } },
    { label: 'offline a millisecond too long', facts: { presence: { outages: [[5 * day, 5 * day - 6_000_000], [2 * day, 2 * day - (allowedOffline - 6_000_000) - 1]] } }, expect: { ACCUMULATED_OFFLINE_TIME: 'fail' } },
    { label: 'many outages of exactly five minutes', facts: { presence: { outages: Array.from({ length: 50 }, (_, i) => [6 * day - i * 30 * minute, 6 * day - i * 30 * minute - 5 * minute]) } } },
    { label: 'long outage that reaches into the week', facts: { presence: { outages: [[9 * day, 7 * day - 60 * minute]] } } },
    { label: 'long outage before the week', facts: { presence: { outages: [[12 * day, 8 * day]] } } },
    { label: 'offline while the observer was blind', facts: { presence: { outages: [[4 * day + 60 * minute, 4 * day - 300 * minute]] } } },

    // Client.
    { label: 'outdated client', facts: { presence: { version: '1.15.1-f4e52fb' } }, expect: { CLIENT_UPGRADE: 'fail' } },
    { label: 'exactly the released version', facts: { presence: { version: '1.15.2' } } },
    { label: 'newer client, greater by number and not by text', facts: { presence: { version: '1.100.0-0000000' } } },
    { label: 'no version reported', facts: { presence: { version: '' } }, expect: { CLIENT_UPGRADE: 'fail' } },
    { label: 'client without a name, version new enough', facts: { presence: { implementation: '', version: '1.15.2' } } },
    { label: 'client without a name, outdated', facts: { presence: { implementation: '', version: '1.14.0' } }, expect: { CLIENT_UPGRADE: 'fail' } },
    { label: 'another client', facts: { presence: { implementation: 'Kagome Node', version: '0.9.3' } } },

    // Places.
    { label: 'banned provider', facts: { location: { provider: 'Hetzner Online GmbH' } }, expect: { PROVIDER: 'fail' } },
    { label: 'banned provider in other letters', facts: { location: { provider: '  CONTABO inc. ' } }, expect: { PROVIDER: 'fail' } },
    { label: 'banned by the number of its network', facts: { location: { asn: 64_501 } }, expect: { PROVIDER: 'fail' } },
    { label: 'nothing known of its location', facts: { location: null } },
    { label: 'location lookup failed', facts: { location: { city: 'None', region: 'None', country: 'None', provider: 'None' } } },
    { label: 'provider only', facts: { location: { city: '', region: '', country: '' } } },
    { label: 'no provider', facts: { location: { provider: '' } } },
    { label: 'sanctioned country', facts: { location: { country: 'ir' } }, expect: { SANCTIONED_GEO_AREA: 'fail' } },
    { label: 'sanctioned region, no country', facts: { location: { region: ' sevastopol ', country: '' } }, expect: { SANCTIONED_GEO_AREA: 'fail' } },
    { label: 'sanctioned region with a typographic apostrophe', facts: { location: { region: 'donetskaya oblast’', country: 'UA' } }, expect: { SANCTIONED_GEO_AREA: 'fail' } },

    // History.
    { label: 'suspended', facts: { history: { suspended: { since: 3 * day, reason: 'slash in era 12' } } }, expect: { SUSPENDED: 'fail' } },
    { label: 'nothing known of its history', facts: { history: null } },
  ];
  if (w.beefy) {
    list.push(
      { label: 'placeholder beefy key', chain: { keys: { beefy: 'placeholder' } }, expect: { BEEFY: 'fail' } },
      { label: 'beefy key one letter off the placeholder', chain: { keys: { beefy: 'near' } } },
    );
  }
  if (w.kusamaStashes) {
    list.push(
      { label: 'rank on the other network exactly enough', kusama: true, facts: { remote: { found: true, valid: true, rank: 100 } } },
      { label: 'rank on the other network too low', kusama: true, facts: { remote: { found: true, valid: true, rank: 99 } }, expect: { KUSAMA_RANK: 'fail' } },
      { label: 'invalid on the other network', kusama: true, facts: { remote: { found: true, valid: false, rank: 500, failing: ['ONLINE'] } }, expect: { KUSAMA_RANK: 'fail' } },
      { label: 'unknown to the other network', kusama: true, facts: { remote: { found: false, valid: false, rank: 0 } }, expect: { KUSAMA_RANK: 'fail' } },
      { label: 'no answer about the other network', kusama: true, facts: { remote: null }, expect: { KUSAMA_RANK: 'unknown' } },
    );
  }
  return list;
}

function range(from, to) {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
