// The facts file of a round: what no chain knows, with ages turned into moments.
import { day, release } from './world.mjs';

// A second file for the same chain: presence only, of a release whose grace ends at this very moment.
export function sparseFile(w, list, now) {
  const f = factsFile(w, list, now);
  const off = { state: 'off' };
  return {
    ...f,
    sources: { telemetry: f.sources.telemetry, release: f.sources.release, location: off, 'remote-rank': off, history: off },
    release: { ...f.release, publishedAt: now - 2 * day },
    candidates: f.candidates.map(({ slot, presence }) => ({ slot, ...(presence ? { presence } : {}) })),
  };
}

export function factsFile(w, list, now) {
  const at = (age) => (age === null || age === undefined ? 0 : now - age);
  const outages = (o) => o.map(([from, to]) => ({ from: now - from, to: to === 0 ? 0 : now - to }));
  return {
    schema: 'otv/facts/1',
    network: w.network,
    at: now,
    sources: {
      telemetry: { state: 'ok', at: now, blind: [{ from: now - 4 * day, to: now - 4 * day + 5 * 3_600_000 }] },
      location: { state: 'ok', at: now },
      release: { state: 'ok', at: now },
      'remote-rank': { state: 'ok', at: now },
      history: { state: 'ok', at: now },
    },
    release: { name: release, publishedAt: now - w.releaseAge, forced: false },
    candidates: list.map(({ slot, facts: f }) => {
      const out = { slot };
      if (f.presence) out.presence = { ...f.presence, firstSeen: at(f.presence.firstSeen), lastSeen: at(f.presence.lastSeen), outages: outages(f.presence.outages) };
      if (f.location) out.location = { ...f.location, at: at(f.location.at) };
      if (f.remote) out.remote = { ...f.remote, at: at(f.remote.at) };
      if (f.history) out.history = { ...f.history, suspended: f.history.suspended ? { ...f.history.suspended, since: at(f.history.suspended.since) } : null };
      return out;
    }),
  };
}
