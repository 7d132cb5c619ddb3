-- What the chain paid. A payout and its rewards are stored together, once.

CREATE TABLE payouts (
    seq         {id},
    validator   TEXT   NOT NULL,
    era         BIGINT NOT NULL,
    page        BIGINT NOT NULL,
    block       BIGINT NOT NULL,
    block_hash  TEXT   NOT NULL,
    at          BIGINT NOT NULL,
    commission  BIGINT NOT NULL, -- perbill
    stake       TEXT   NOT NULL,
    least_stake TEXT   NOT NULL,
    UNIQUE (validator, era, page)
);
CREATE INDEX payouts_era ON payouts (era);

CREATE TABLE rewards (
    payout      BIGINT NOT NULL REFERENCES payouts (seq),
    account     TEXT   NOT NULL,
    role        TEXT   NOT NULL CHECK (role IN ('validator', 'nominator')),
    amount      TEXT   NOT NULL,
    exposure    TEXT   NOT NULL,
    destination TEXT   NOT NULL,
    PRIMARY KEY (payout, account, role)
);
CREATE INDEX rewards_account ON rewards (account, payout);

-- Sums over all rewards ever stored of an account in a role, kept in the transaction that stores them.
CREATE TABLE reward_sums (
    role        TEXT   NOT NULL,
    account     TEXT   NOT NULL,
    count       BIGINT NOT NULL,
    total       TEXT   NOT NULL,
    stake       TEXT   NOT NULL, -- sums over the rewards, like the two below
    least_stake TEXT   NOT NULL,
    commission  BIGINT NOT NULL,
    efficiency  DOUBLE PRECISION NOT NULL, -- percent, of the rewards whose stake is known
    efficient   BIGINT NOT NULL,           -- how many these are
    PRIMARY KEY (role, account)
);

CREATE TABLE block_index (
    id       BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    earliest BIGINT NOT NULL,
    latest   BIGINT NOT NULL
);
