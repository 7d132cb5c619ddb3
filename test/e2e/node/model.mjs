// An independent model of the programme's rules: reads the chain with @polkadot/api and decides a round from it.
//
//   node model.mjs --url ws://... --block HASH --dir DIR --facts NAME[,NAME...]
//
// DIR is what population.mjs wrote. Prints a list of outcomes as JSON, one for each facts file in DIR. Nothing here comes
// from the Go code.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, option } from './lib/chain.mjs';
import { nominations } from './model/nominations.mjs';
import { readChain } from './model/read.mjs';
import { readRules } from './model/rules.mjs';
import { scores } from './model/score.mjs';
import { validity, verdicts } from './model/verdicts.mjs';

const dir = option('dir');
const file = (name) => JSON.parse(readFileSync(name, 'utf8'));
const api = await connect(option('url'));
const rules = readRules(join(dir, 'config'), api.registry.chainDecimals[0]);
const list = file(join(dir, 'candidates.json')).candidates.sort((a, b) => a.slotId - b.slotId);
const chain = await readChain(api, option('block'), list.map((c) => c.stash), rules.nominators.map((n) => n.address));
rules.own = new Set(chain.balances.keys());
console.log(JSON.stringify(option('facts').split(',').map((name) => decide(file(join(dir, name))))));
await api.disconnect();

function decide(facts) {
  const candidates = list.map((entry) => {
    const known = facts.candidates.find((f) => f.slot === entry.slotId) ?? {};
    const states = verdicts(chain, rules, entry, known, facts.sources, facts.release);
    return { entry, facts: known, states, validity: validity(states) };
  });
  const valid = candidates.filter((c) => c.validity === 'valid');
  const scored = scores(chain, rules, valid, facts.sources);
  valid.forEach((c, i) => (c.score = scored[i]));
  const ranked = [...valid].sort((a, b) => b.score.total - a.score.total || a.entry.slotId - b.entry.slotId);
  const given = nominations(chain, rules, candidates, ranked);
  return {
    candidates: candidates.map((c) => ({
      slot: c.entry.slotId,
      validity: c.validity,
      verdicts: c.states,
      ...(c.score ? { parts: c.score.parts, aggregate: c.score.aggregate, total: c.score.total } : {}),
      position: ranked.indexOf(c) + 1,
      nominator: given.find((n) => n.targets.includes(c.entry.stash))?.address ?? '',
    })),
    nominators: given,
  };
}
