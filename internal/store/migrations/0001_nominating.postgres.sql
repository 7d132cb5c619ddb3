-- 0001_nominating.sql as PostgreSQL spells it. The scripts after it are the same for both.

-- For tables whose rows are neither changed nor deleted.
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0]; END $$;

-- Documents explain what is signed: records of rounds and operators' orders. They never change.
CREATE TABLE records (
    digest  TEXT    NOT NULL PRIMARY KEY,
    kind    TEXT    NOT NULL CHECK (kind IN ('round', 'order')),
    created BIGINT NOT NULL,
    size    BIGINT NOT NULL, -- of the canonical bytes
    packed  BYTEA  NOT NULL  -- the canonical bytes, gzip
);

CREATE TABLE plans (
    seq          {id},
    round        TEXT    NOT NULL REFERENCES records (digest),
    nominator    TEXT    NOT NULL,
    network      TEXT    NOT NULL,
    stash        TEXT    NOT NULL,
    signer       TEXT    NOT NULL,
    mode         TEXT    NOT NULL CHECK (mode IN ('direct', 'proxy', 'delayed', 'removal')),
    era          BIGINT NOT NULL,
    targets      TEXT    NOT NULL, -- JSON list of addresses, best first
    proxy_type   TEXT    NOT NULL,
    delay        BIGINT NOT NULL,
    call         BYTEA,
    call_hash    TEXT    NOT NULL,
    state        TEXT    NOT NULL,
    closed       BIGINT NOT NULL CHECK (closed IN (0, 1)),
    reason       TEXT    NOT NULL,
    note         TEXT    NOT NULL,
    announcement TEXT,             -- JSON, like the three below
    tx           TEXT,
    operator     TEXT,
    effect       TEXT,
    attempts     BIGINT NOT NULL,
    replan       BIGINT NOT NULL CHECK (replan IN (0, 1)),
    created      BIGINT NOT NULL,
    updated      BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    UNIQUE (round, nominator)
);
-- One open plan per nominator; removals stand beside it, one per announcement.
CREATE UNIQUE INDEX plans_open ON plans (network, nominator) WHERE closed = 0 AND mode <> 'removal';
CREATE UNIQUE INDEX plans_open_removal ON plans (network, nominator, signer, call_hash) WHERE closed = 0 AND mode = 'removal';
CREATE INDEX plans_call ON plans (call_hash);

CREATE TABLE plan_events (
    seq        {id},
    round      TEXT    NOT NULL,
    nominator  TEXT    NOT NULL,
    at         BIGINT NOT NULL,
    from_state TEXT    NOT NULL,
    to_state   TEXT    NOT NULL,
    text       TEXT    NOT NULL,
    FOREIGN KEY (round, nominator) REFERENCES plans (round, nominator)
);
CREATE INDEX plan_events_plan ON plan_events (round, nominator);
{fixed plan_events};

-- An intent is written before anything is signed. Its first part never changes.
CREATE TABLE intents (
    seq        {id},
    id         TEXT    NOT NULL UNIQUE,
    round      TEXT    NOT NULL,
    nominator  TEXT    NOT NULL,
    kind       TEXT    NOT NULL CHECK (kind IN ('nominate', 'proxy', 'announce', 'execute', 'remove')),
    network    TEXT    NOT NULL,
    signer     TEXT    NOT NULL,
    era        BIGINT NOT NULL,
    targets    TEXT    NOT NULL,
    call_hash  TEXT    NOT NULL,
    payload    TEXT    NOT NULL,
    nonce      BIGINT NOT NULL,
    birth      BIGINT NOT NULL,
    birth_hash TEXT    NOT NULL,
    period     BIGINT NOT NULL CHECK (period > 0), -- mortal only
    created    BIGINT NOT NULL,
    status     TEXT    NOT NULL CHECK (status IN ('prepared', 'signed', 'sent', 'withheld', 'abandoned', 'expired', 'failed', 'done')),
    extrinsic  BYTEA,
    hash       TEXT    NOT NULL,
    scanned    BIGINT NOT NULL,
    number     BIGINT NOT NULL,
    block      TEXT    NOT NULL,
    position   BIGINT NOT NULL,
    fee        TEXT    NOT NULL,
    error      TEXT    NOT NULL,
    "inner"    TEXT    NOT NULL,
    updated    BIGINT NOT NULL,
    FOREIGN KEY (round, nominator) REFERENCES plans (round, nominator)
);
CREATE INDEX intents_nominator ON intents (network, nominator, era);
CREATE INDEX intents_hash ON intents (hash) WHERE hash <> '';
CREATE INDEX intents_open ON intents (network, signer) WHERE status IN ('prepared', 'signed', 'sent', 'withheld');
CREATE TRIGGER intents_fixed BEFORE UPDATE OF id, round, nominator, kind, network, signer, era, targets, call_hash, payload, nonce, birth, birth_hash, period, created
    ON intents FOR EACH ROW EXECUTE FUNCTION refuse('an intent is not changed');
CREATE TRIGGER intents_signed BEFORE UPDATE OF extrinsic, hash ON intents FOR EACH ROW
    WHEN (OLD.hash <> '' AND (NEW.hash <> OLD.hash OR NEW.extrinsic IS DISTINCT FROM OLD.extrinsic))
    EXECUTE FUNCTION refuse('what was signed is not changed');
CREATE TRIGGER intents_kept BEFORE DELETE ON intents FOR EACH ROW EXECUTE FUNCTION refuse('an intent is not deleted');

-- A key signs nothing while its lock is held: from the intent until its fate is known.
CREATE TABLE signer_locks (
    network TEXT    NOT NULL,
    signer  TEXT    NOT NULL,
    intent  TEXT    NOT NULL REFERENCES intents (id),
    owner   TEXT    NOT NULL,
    until   BIGINT NOT NULL,
    PRIMARY KEY (network, signer)
);

CREATE TABLE pauses (
    seq          {id},
    nominator    TEXT    NOT NULL, -- empty: all
    author       TEXT    NOT NULL,
    reason       TEXT    NOT NULL CHECK (reason <> ''),
    at           BIGINT NOT NULL,
    ended        BIGINT,
    ended_by     TEXT,
    ended_reason TEXT
);
CREATE UNIQUE INDEX pauses_running ON pauses (nominator) WHERE ended IS NULL;

CREATE TABLE overrides (
    seq       {id},
    network   TEXT    NOT NULL,
    nominator TEXT    NOT NULL,
    era       BIGINT NOT NULL,
    targets   TEXT    NOT NULL,
    author    TEXT    NOT NULL CHECK (author <> ''),
    reason    TEXT    NOT NULL CHECK (reason <> ''),
    at        BIGINT NOT NULL,
    intent    TEXT    REFERENCES intents (id) -- that made use of it; used up unless that had no effect
);
CREATE INDEX overrides_subject ON overrides (network, nominator, era, targets);

CREATE TABLE alerts (
    seq       {id},
    network   TEXT    NOT NULL,
    code      TEXT    NOT NULL,
    subject   TEXT    NOT NULL,
    era       BIGINT NOT NULL,
    nominator TEXT    NOT NULL,
    text      TEXT    NOT NULL,
    at        BIGINT NOT NULL,
    last      BIGINT NOT NULL,
    count     BIGINT NOT NULL,
    UNIQUE (network, code, subject, era)
);
