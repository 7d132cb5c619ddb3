CREATE TABLE schema_migrations (name TEXT NOT NULL PRIMARY KEY, checksum TEXT NOT NULL, at BIGINT NOT NULL DEFAULT 5);
CREATE TABLE records (
    digest  TEXT    NOT NULL PRIMARY KEY,
    kind    TEXT    NOT NULL CHECK (kind IN ('round', 'order')),
    created INTEGER NOT NULL,
    size    INTEGER NOT NULL, -- of the canonical bytes
    packed  BLOB    NOT NULL  -- the canonical bytes, gzip
);
CREATE TABLE plans (
    seq          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    round        TEXT    NOT NULL REFERENCES records (digest),
    nominator    TEXT    NOT NULL,
    network      TEXT    NOT NULL,
    stash        TEXT    NOT NULL,
    signer       TEXT    NOT NULL,
    mode         TEXT    NOT NULL CHECK (mode IN ('direct', 'proxy', 'delayed', 'removal')),
    era          INTEGER NOT NULL,
    targets      TEXT    NOT NULL, -- JSON list of addresses, best first
    proxy_type   TEXT    NOT NULL,
    delay        INTEGER NOT NULL,
    call         BLOB,
    call_hash    TEXT    NOT NULL,
    state        TEXT    NOT NULL,
    closed       INTEGER NOT NULL CHECK (closed IN (0, 1)),
    reason       TEXT    NOT NULL,
    note         TEXT    NOT NULL,
    announcement TEXT,             -- JSON, like the three below
    tx           TEXT,
    operator     TEXT,
    effect       TEXT,
    attempts     INTEGER NOT NULL,
    replan       INTEGER NOT NULL CHECK (replan IN (0, 1)),
    created      INTEGER NOT NULL,
    updated      INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    UNIQUE (round, nominator)
);
CREATE UNIQUE INDEX plans_open ON plans (network, nominator) WHERE closed = 0 AND mode <> 'removal';
CREATE UNIQUE INDEX plans_open_removal ON plans (network, nominator, signer, call_hash) WHERE closed = 0 AND mode = 'removal';
CREATE INDEX plans_call ON plans (call_hash);
CREATE TABLE plan_events (
    seq        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    round      TEXT    NOT NULL,
    nominator  TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    from_state TEXT    NOT NULL,
    to_state   TEXT    NOT NULL,
    text       TEXT    NOT NULL,
    FOREIGN KEY (round, nominator) REFERENCES plans (round, nominator)
);
CREATE INDEX plan_events_plan ON plan_events (round, nominator);
CREATE TRIGGER plan_events_fixed BEFORE UPDATE ON plan_events BEGIN SELECT RAISE (ABORT, 'history is not changed'); END;
CREATE TRIGGER plan_events_kept BEFORE DELETE ON plan_events BEGIN SELECT RAISE (ABORT, 'history is not deleted'); END;
CREATE TABLE intents (
    seq        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id         TEXT    NOT NULL UNIQUE,
    round      TEXT    NOT NULL,
    nominator  TEXT    NOT NULL,
    kind       TEXT    NOT NULL CHECK (kind IN ('nominate', 'proxy', 'announce', 'execute', 'remove')),
    network    TEXT    NOT NULL,
    signer     TEXT    NOT NULL,
    era        INTEGER NOT NULL,
    targets    TEXT    NOT NULL,
    call_hash  TEXT    NOT NULL,
    payload    TEXT    NOT NULL,
    nonce      INTEGER NOT NULL,
    birth      INTEGER NOT NULL,
    birth_hash TEXT    NOT NULL,
    period     INTEGER NOT NULL CHECK (period > 0), -- mortal only
    created    INTEGER NOT NULL,
    status     TEXT    NOT NULL CHECK (status IN ('prepared', 'signed', 'sent', 'withheld', 'abandoned', 'expired', 'failed', 'done')),
    extrinsic  BLOB,
    hash       TEXT    NOT NULL,
    scanned    INTEGER NOT NULL,
    number     INTEGER NOT NULL,
    block      TEXT    NOT NULL,
    position   INTEGER NOT NULL,
    fee        TEXT    NOT NULL,
    error      TEXT    NOT NULL,
    inner      TEXT    NOT NULL,
    updated    INTEGER NOT NULL,
    FOREIGN KEY (round, nominator) REFERENCES plans (round, nominator)
);
CREATE INDEX intents_nominator ON intents (network, nominator, era);
CREATE INDEX intents_hash ON intents (hash) WHERE hash <> '';
CREATE INDEX intents_open ON intents (network, signer) WHERE status IN ('prepared', 'signed', 'sent', 'withheld');
CREATE TRIGGER intents_fixed BEFORE UPDATE OF id, round, nominator, kind, network, signer, era, targets, call_hash, payload, nonce, birth, birth_hash, period, created
    ON intents BEGIN SELECT RAISE (ABORT, 'an intent is not changed'); END;
CREATE TRIGGER intents_signed BEFORE UPDATE OF extrinsic, hash ON intents WHEN OLD.hash <> '' AND (NEW.hash <> OLD.hash OR NEW.extrinsic IS NOT OLD.extrinsic)
    BEGIN SELECT RAISE (ABORT, 'what was signed is not changed'); END;
CREATE TRIGGER intents_kept BEFORE DELETE ON intents BEGIN SELECT RAISE (ABORT, 'an intent is not deleted'); END;
CREATE TABLE signer_locks (
    network TEXT    NOT NULL,
    signer  TEXT    NOT NULL,
    intent  TEXT    NOT NULL REFERENCES intents (id),
    owner   TEXT    NOT NULL,
    until   INTEGER NOT NULL,
    PRIMARY KEY (network, signer)
);
CREATE TABLE pauses (
    seq          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    nominator    TEXT    NOT NULL, -- empty: all
    author       TEXT    NOT NULL,
    reason       TEXT    NOT NULL CHECK (reason <> ''),
    at           INTEGER NOT NULL,
    ended        INTEGER,
    ended_by     TEXT,
    ended_reason TEXT
);
CREATE UNIQUE INDEX pauses_running ON pauses (nominator) WHERE ended IS NULL;
CREATE TABLE overrides (
    seq       INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    network   TEXT    NOT NULL,
    nominator TEXT    NOT NULL,
    era       INTEGER NOT NULL,
    targets   TEXT    NOT NULL,
    author    TEXT    NOT NULL CHECK (author <> ''),
    reason    TEXT    NOT NULL CHECK (reason <> ''),
    at        INTEGER NOT NULL,
    intent    TEXT    REFERENCES intents (id) -- that made use of it; used up unless that had no effect
);
CREATE INDEX overrides_subject ON overrides (network, nominator, era, targets);
CREATE TABLE alerts (
    seq       INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    network   TEXT    NOT NULL,
    code      TEXT    NOT NULL,
    subject   TEXT    NOT NULL,
    era       INTEGER NOT NULL,
    nominator TEXT    NOT NULL,
    text      TEXT    NOT NULL,
    at        INTEGER NOT NULL,
    last      INTEGER NOT NULL,
    count     INTEGER NOT NULL,
    UNIQUE (network, code, subject, era)
);
CREATE TABLE versions (
    subject TEXT   NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL
);
CREATE TABLE candidates (
    slot            BIGINT  NOT NULL PRIMARY KEY,
    name            TEXT    NOT NULL,
    stash           TEXT    NOT NULL,
    kusama_stash    TEXT    NOT NULL,
    skip_self_stake BOOLEAN NOT NULL,
    kyc             BOOLEAN NOT NULL,
    matrix          TEXT    NOT NULL, -- JSON list
    added           BIGINT  NOT NULL,
    updated         BIGINT  NOT NULL,
    delisted        BIGINT  NOT NULL  -- 0 while it is in the list
);
CREATE TABLE candidate_entries (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    slot            BIGINT  NOT NULL,
    at              BIGINT  NOT NULL,
    listed          BOOLEAN NOT NULL,
    name            TEXT    NOT NULL,
    stash           TEXT    NOT NULL,
    kusama_stash    TEXT    NOT NULL,
    skip_self_stake BOOLEAN NOT NULL,
    kyc             BOOLEAN NOT NULL,
    matrix          TEXT    NOT NULL
);
CREATE INDEX candidate_entries_slot ON candidate_entries (slot, seq);
CREATE INDEX candidate_entries_stash ON candidate_entries (stash);
CREATE TRIGGER candidate_entries_fixed BEFORE UPDATE ON candidate_entries BEGIN SELECT RAISE (ABORT, 'history is not changed'); END;
CREATE TRIGGER candidate_entries_kept BEFORE DELETE ON candidate_entries BEGIN SELECT RAISE (ABORT, 'history is not deleted'); END;
CREATE TABLE standings (
    slot           BIGINT  NOT NULL PRIMARY KEY,
    at             BIGINT  NOT NULL,
    block          BIGINT  NOT NULL,
    validity       TEXT    NOT NULL CHECK (validity IN ('valid', 'invalid', 'unknown')),
    definite       TEXT    NOT NULL, -- newest of valid and invalid, empty before the first
    last_valid     BIGINT  NOT NULL,
    verdicts       TEXT    NOT NULL, -- JSON list; a moment of 0 is that of the row
    chain          TEXT    NOT NULL, -- JSON, empty when nothing is known
    active         BOOLEAN NOT NULL,
    inclusion      DOUBLE PRECISION NOT NULL,
    span_inclusion DOUBLE PRECISION NOT NULL,
    position       BIGINT  NOT NULL
);
CREATE TABLE validity_changes (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    slot     BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    validity TEXT   NOT NULL
);
CREATE INDEX validity_changes_slot ON validity_changes (slot, seq);
CREATE INDEX validity_changes_at ON validity_changes (at);
CREATE TABLE verdict_changes (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    slot       BIGINT NOT NULL,
    code       TEXT   NOT NULL,
    at         BIGINT NOT NULL,
    state      TEXT   NOT NULL,
    detail     TEXT   NOT NULL,
    value      TEXT   NOT NULL,
    limit_text TEXT   NOT NULL
);
CREATE INDEX verdict_changes_slot ON verdict_changes (slot, seq);
CREATE INDEX verdict_changes_at ON verdict_changes (at);
CREATE TABLE scores (
    slot       BIGINT NOT NULL,
    session    BIGINT NOT NULL,
    stash      TEXT   NOT NULL,
    era        BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    total      DOUBLE PRECISION NOT NULL,
    aggregate  DOUBLE PRECISION NOT NULL,
    randomness DOUBLE PRECISION NOT NULL,
    parts      BLOB NOT NULL, -- JSON list of contributions, deflated
    PRIMARY KEY (slot, session)
);
CREATE INDEX scores_stash ON scores (stash, session);
CREATE INDEX scores_session ON scores (session);
CREATE TABLE score_statistics (
    session BIGINT  NOT NULL PRIMARY KEY,
    era     BIGINT  NOT NULL,
    at      BIGINT  NOT NULL,
    packed  BLOB NOT NULL -- JSON, deflated
);
CREATE TABLE rank_events (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    slot    BIGINT NOT NULL,
    id      TEXT   NOT NULL,
    at      BIGINT NOT NULL,
    kind    TEXT   NOT NULL,
    rank    BIGINT NOT NULL,
    type    TEXT   NOT NULL,
    once    TEXT   NOT NULL,
    revokes TEXT   NOT NULL,
    reason  TEXT   NOT NULL,
    author  TEXT   NOT NULL,
    era     BIGINT NOT NULL,
    UNIQUE (slot, id)
);
CREATE TRIGGER rank_events_fixed BEFORE UPDATE ON rank_events BEGIN SELECT RAISE (ABORT, 'history is not changed'); END;
CREATE TRIGGER rank_events_kept BEFORE DELETE ON rank_events BEGIN SELECT RAISE (ABORT, 'history is not deleted'); END;
CREATE TABLE rankings (
    slot             BIGINT NOT NULL PRIMARY KEY,
    rank             BIGINT NOT NULL,
    faults           BIGINT NOT NULL,
    halvings         BIGINT NOT NULL,
    suspended_since  BIGINT, -- NULL when it is not suspended
    suspended_reason TEXT   NOT NULL,
    active_eras      BIGINT NOT NULL,
    updated          BIGINT NOT NULL
);
CREATE TABLE rounds (
    number     BIGINT NOT NULL PRIMARY KEY,
    digest     TEXT   NOT NULL UNIQUE, -- of its record, which retention may take away
    network    TEXT   NOT NULL,
    at         BIGINT NOT NULL,
    block      BIGINT NOT NULL,
    block_hash TEXT   NOT NULL,
    era        BIGINT NOT NULL,
    session    BIGINT NOT NULL,
    counts     TEXT   NOT NULL, -- JSON
    tripped    TEXT   NOT NULL, -- JSON list of brakes
    previous   TEXT   NOT NULL,
    created    BIGINT NOT NULL
);
CREATE INDEX rounds_network ON rounds (network, number);
CREATE TRIGGER rounds_fixed BEFORE UPDATE ON rounds BEGIN SELECT RAISE (ABORT, 'history is not changed'); END;
CREATE TRIGGER rounds_kept BEFORE DELETE ON rounds BEGIN SELECT RAISE (ABORT, 'history is not deleted'); END;
CREATE TABLE nominators (
    address  TEXT   NOT NULL PRIMARY KEY,
    place    BIGINT NOT NULL,
    entry    TEXT   NOT NULL, -- JSON, as configured
    chain    TEXT   NOT NULL, -- JSON, as on chain
    created  BIGINT NOT NULL,
    updated  BIGINT NOT NULL,
    removed  BIGINT NOT NULL, -- 0 while it is configured
    last     BIGINT NOT NULL  -- newest final nomination, 0 before the first
);
CREATE TABLE nominations (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    nominator  TEXT   NOT NULL,
    era        BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    block      BIGINT NOT NULL,
    block_hash TEXT   NOT NULL,
    targets    TEXT   NOT NULL, -- JSON list
    bonded     TEXT   NOT NULL,
    round      TEXT   NOT NULL,
    UNIQUE (nominator, block_hash)
);
CREATE TRIGGER nominations_fixed BEFORE UPDATE ON nominations BEGIN SELECT RAISE (ABORT, 'history is not changed'); END;
CREATE TRIGGER nominations_kept BEFORE DELETE ON nominations BEGIN SELECT RAISE (ABORT, 'history is not deleted'); END;
CREATE TABLE periods (
    number  BIGINT NOT NULL PRIMARY KEY,
    opened  BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    closed  BIGINT NOT NULL,
    settled BIGINT NOT NULL,
    slots   TEXT   NOT NULL -- JSON list
);
CREATE TABLE era_totals (
    era        BIGINT NOT NULL PRIMARY KEY,
    total      BIGINT NOT NULL,
    validators BIGINT NOT NULL,
    median     DOUBLE PRECISION NOT NULL,
    average    DOUBLE PRECISION NOT NULL,
    most       BIGINT NOT NULL,
    least      BIGINT NOT NULL
);
CREATE TABLE era_points (
    stash  TEXT   NOT NULL,
    era    BIGINT NOT NULL,
    points BIGINT NOT NULL,
    PRIMARY KEY (stash, era)
);
CREATE INDEX era_points_era ON era_points (era);
CREATE TABLE era_statistics (
    era    BIGINT NOT NULL PRIMARY KEY,
    at     BIGINT NOT NULL,
    listed BIGINT NOT NULL,
    valid  BIGINT NOT NULL,
    active BIGINT NOT NULL,
    kyc    BIGINT NOT NULL
);
CREATE TABLE validator_sets (
    era        BIGINT  NOT NULL PRIMARY KEY,
    session    BIGINT  NOT NULL,
    at         BIGINT  NOT NULL,
    validators BLOB NOT NULL -- JSON list, deflated
);
CREATE TABLE active_eras (
    stash TEXT NOT NULL PRIMARY KEY,
    spans TEXT NOT NULL -- JSON list of [first, last], ascending
);
CREATE TABLE session_keys (
    stash   TEXT   NOT NULL PRIMARY KEY,
    keys    TEXT   NOT NULL, -- JSON list
    updated BIGINT NOT NULL
);
CREATE TABLE stakes (
    stash    TEXT    NOT NULL,
    era      BIGINT  NOT NULL,
    total    TEXT    NOT NULL,
    inactive TEXT    NOT NULL,
    backers  BLOB NOT NULL, -- JSON, deflated
    updated  BIGINT  NOT NULL,
    PRIMARY KEY (stash, era)
);
CREATE INDEX stakes_era ON stakes (era);
CREATE TABLE location_statistics (
    session BIGINT  NOT NULL PRIMARY KEY,
    at      BIGINT  NOT NULL,
    packed  BLOB NOT NULL -- JSON, deflated
);
CREATE TABLE chain (
    id      BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    known   TEXT   NOT NULL, -- JSON
    updated BIGINT NOT NULL
);
CREATE TABLE payouts (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
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
CREATE TABLE actions (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    at      BIGINT NOT NULL,
    author  TEXT   NOT NULL CHECK (author <> ''),
    verb    TEXT   NOT NULL,
    subject TEXT   NOT NULL,
    reason  TEXT   NOT NULL,
    detail  TEXT   NOT NULL
);
CREATE INDEX actions_subject ON actions (subject, seq);
CREATE TRIGGER actions_fixed BEFORE UPDATE ON actions BEGIN SELECT RAISE (ABORT, 'history is not changed'); END;
CREATE TRIGGER actions_kept BEFORE DELETE ON actions BEGIN SELECT RAISE (ABORT, 'history is not deleted'); END;
CREATE TABLE presence_observer (
    id    BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    seen  BIGINT NOT NULL, -- everything else is known up to here
    feeds TEXT   NOT NULL  -- JSON list
);
CREATE TABLE presence_slots (
    slot           BIGINT  NOT NULL PRIMARY KEY,
    name           TEXT    NOT NULL,
    listed         BOOLEAN NOT NULL,
    first_seen     BIGINT  NOT NULL, -- 0 = never
    last_seen      BIGINT  NOT NULL,
    gone           BIGINT  NOT NULL, -- begin of the absence that runs, 0 without one
    live           BIGINT  NOT NULL, -- connections
    home           TEXT    NOT NULL, -- JSON list of feeds
    implementation TEXT    NOT NULL,
    version        TEXT    NOT NULL,
    network_id     TEXT    NOT NULL,
    hardware       TEXT    NOT NULL, -- JSON
    notices        TEXT    NOT NULL  -- JSON list
);
CREATE TABLE presence_outages (
    slot  BIGINT NOT NULL,
    began BIGINT NOT NULL,
    ended BIGINT NOT NULL,
    PRIMARY KEY (slot, began)
);
CREATE INDEX presence_outages_ended ON presence_outages (ended);
CREATE TABLE presence_blind (
    began  BIGINT NOT NULL PRIMARY KEY,
    ended  BIGINT NOT NULL,
    reason TEXT   NOT NULL
);
CREATE INDEX presence_blind_ended ON presence_blind (ended);
CREATE TABLE presence_names (
    name       TEXT   NOT NULL PRIMARY KEY,
    first_seen BIGINT NOT NULL,
    last_seen  BIGINT NOT NULL
);
CREATE TABLE source_locations (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    network    TEXT   NOT NULL,
    slot       BIGINT NOT NULL,
    stash      TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    city       TEXT   NOT NULL, -- empty text, 0 and NULL mean unknown
    region     TEXT   NOT NULL,
    country    TEXT   NOT NULL,
    provider   TEXT   NOT NULL,
    asn        BIGINT NOT NULL,
    vpn        BOOLEAN,
    source     TEXT   NOT NULL,
    confidence TEXT   NOT NULL CHECK (confidence IN ('high', 'medium', 'low')),
    since      BIGINT NOT NULL,
    at         BIGINT NOT NULL, -- newest confirmation
    replaced   BIGINT NOT NULL  -- when the next one was found, 0 while it is the present one
);
CREATE UNIQUE INDEX source_locations_present ON source_locations (network, slot) WHERE replaced = 0;
CREATE INDEX source_locations_slot ON source_locations (network, slot, seq);
CREATE TABLE source_lookups (
    source   TEXT    NOT NULL,
    key      TEXT    NOT NULL, -- keyed hash of the address
    found    BOOLEAN NOT NULL,
    city     TEXT    NOT NULL,
    region   TEXT    NOT NULL,
    country  TEXT    NOT NULL,
    provider TEXT    NOT NULL,
    asn      BIGINT  NOT NULL,
    vpn      BOOLEAN,
    at       BIGINT  NOT NULL,
    retry    BIGINT  NOT NULL,
    failures BIGINT  NOT NULL,
    PRIMARY KEY (source, key)
);
CREATE INDEX source_lookups_retry ON source_lookups (retry);
CREATE TABLE source_requests (
    source TEXT   NOT NULL,
    month  TEXT   NOT NULL,
    made   BIGINT NOT NULL,
    PRIMARY KEY (source, month)
);
CREATE TABLE source_releases (
    network    TEXT   NOT NULL PRIMARY KEY,
    tag        TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    published  BIGINT NOT NULL,
    first_seen BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    source     TEXT   NOT NULL,
    etag       TEXT   NOT NULL
);
CREATE TABLE source_remotes (
    network TEXT    NOT NULL,
    stash   TEXT    NOT NULL, -- in the address form of the other network
    found   BOOLEAN NOT NULL,
    valid   BOOLEAN NOT NULL,
    rank    BIGINT  NOT NULL,
    failing TEXT    NOT NULL, -- JSON list of checks
    at      BIGINT  NOT NULL,
    PRIMARY KEY (network, stash)
);
CREATE TABLE source_prices (
    asset    TEXT   NOT NULL,
    day      TEXT   NOT NULL,
    currency TEXT   NOT NULL,
    value    BIGINT NOT NULL, -- billionths of the currency's unit
    source   TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (asset, day, currency)
);
CREATE TABLE source_health (
    network  TEXT   NOT NULL,
    name     TEXT   NOT NULL,
    state    TEXT   NOT NULL CHECK (state IN ('ok', 'off', 'absent', 'down')),
    detail   TEXT   NOT NULL,
    good     BIGINT NOT NULL,
    tried    BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    retry    BIGINT NOT NULL,
    PRIMARY KEY (network, name)
);
CREATE INDEX rank_events_duties ON rank_events (seq) WHERE kind <> 'good';
CREATE TABLE check_overrides (
    slot    BIGINT NOT NULL,
    code    TEXT   NOT NULL,
    stash   TEXT   NOT NULL, -- of the slot when it was ordered; it counts for no other
    state   TEXT   NOT NULL CHECK (state IN ('pass', 'fail')),
    author  TEXT   NOT NULL CHECK (author <> ''),
    reason  TEXT   NOT NULL CHECK (reason <> ''),
    at      BIGINT NOT NULL,
    expires BIGINT NOT NULL CHECK (expires > at),
    PRIMARY KEY (slot, code)
);
