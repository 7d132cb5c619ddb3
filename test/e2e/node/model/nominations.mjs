// Which of the programme's nominators are due, how many targets each takes, and which.

export function nominations(chain, rules, candidates, ranked) {
  let next = 0;
  return rules.nominators.map((n) => {
    const stash = chain.stashOf(n.address);
    const due = isDue(chain, rules, stash, candidates);
    const number = due ? count(chain, rules, n, stash) : 0;
    const targets = ranked.slice(next, next + number).map((c) => c.entry.stash);
    next += targets.length;
    return { address: n.address, due, number, targets };
  });
}

function isDue(chain, rules, stash, candidates) {
  const bond = chain.ledgerOf(stash)?.active;
  // The runtime refuses nominations below its own minimum.
  if (bond === undefined || bond <= rules.minBond || bond < chain.minNominatorBond) return false;
  const nomination = chain.backers.find((b) => b.stash === stash);
  if (chain.active - (nomination?.submittedIn ?? 0) >= rules.eraBuffer) return true;
  // A target that may no longer be nominated makes due at once.
  return (nomination?.targets ?? []).some((t) => {
    const c = candidates.find((x) => x.entry.stash === t);
    return !c || ['SUSPENDED', 'BLOCKED', 'COMMISION'].some((code) => c.states[code] === 'fail');
  });
}

function count(chain, rules, nominator, stash) {
  const balance = chain.balances.get(stash);
  const share = balance / 500n; // 0.2 %, rounded down: sums of whole planck below the exact bound stay the same
  const buffered = balance - (share > rules.buffer ? share : rules.buffer);
  const most = Math.min(rules.maxTargets, chain.maxNominations, nominator.maxTargets || Infinity);
  if (buffered <= 0n) return Math.min(1, most);
  const seats = [...chain.exposures.values()].map((e) => e.total).filter((t) => t > 0n).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)).slice(5);
  let n = 0;
  let sum = 0n;
  while (n < seats.length && sum + seats[n] < buffered) sum += seats[n++];
  return Math.max(1, Math.min(n + Math.ceil(n / 20), most));
}
