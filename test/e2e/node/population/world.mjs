// The settings of the two populated networks. They differ on purpose in all that a rule can depend on.

const minute = 60_000;
const hour = 60 * minute;
export const day = 24 * hour;

export const worlds = {
  westend: {
    network: 'westend',
    decimals: 12,
    symbol: 'WND',
    token: 10n ** 12n,
    // The last session of an era: the next one is planned already, and the runtime has pruned one era more.
    active: 100,
    planned: 101,
    session: 605,
    eraBuffer: 4,
    commission: 150_000_000,
    minSelfStake: 10n * 10n ** 12n,
    unclaimedEras: 4,
    releaseAge: 30 * day,
    beefy: false,
    kusamaStashes: false,
    weights: { discovered: '30', nominated: '100', rank: '50', unclaimed: '10', client: '200' },
  },
  paseo: {
    network: 'paseo',
    decimals: 10,
    symbol: 'PAS',
    token: 10n ** 10n,
    active: 700,
    planned: 700,
    session: 4202,
    eraBuffer: 1,
    commission: 50_000_000,
    minSelfStake: 5_000n * 10n ** 10n,
    unclaimedEras: 1,
    releaseAge: 3 * day,
    beefy: true,
    kusamaStashes: true,
    // A weight of 0 switches a factor off; weights left out have their built-in value.
    weights: { discovered: '5', faults: '0', bonded: '75' },
  },
};

export const depth = 84;
export const release = 'v1.15.2';
export const bannedProviders = ['Hetzner Online GmbH', 'Contabo Inc.'];
export const bannedNumbers = [64_500, 64_501];
export const sanctionedCountries = ['RU', 'IR', 'CU', 'KP', 'SY'];
export const sanctionedRegions = ['Crimea', 'Sevastopol', 'Donetskaya Oblast’'];
