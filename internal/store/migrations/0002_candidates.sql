-- Candidates, and what was found out about them. Times are UTC milliseconds, amounts decimal text.

-- How often each part of the memory has changed; counted in the transaction of the change.
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

-- What a slot was, in the order in which it was that: a line whenever the entry changes, leaves the list or comes back.
CREATE TABLE candidate_entries (
    seq             {id},
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
{fixed candidate_entries};

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
    seq      {id},
    slot     BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    validity TEXT   NOT NULL
);
CREATE INDEX validity_changes_slot ON validity_changes (slot, seq);
CREATE INDEX validity_changes_at ON validity_changes (at);

CREATE TABLE verdict_changes (
    seq        {id},
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
    parts      {bytes} NOT NULL, -- JSON list of contributions, deflated
    PRIMARY KEY (slot, session)
);
CREATE INDEX scores_stash ON scores (stash, session);
CREATE INDEX scores_session ON scores (session);

CREATE TABLE score_statistics (
    session BIGINT  NOT NULL PRIMARY KEY,
    era     BIGINT  NOT NULL,
    at      BIGINT  NOT NULL,
    packed  {bytes} NOT NULL -- JSON, deflated
);

-- The events of a slot are what its rank is computed from.
CREATE TABLE rank_events (
    seq     {id},
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
{fixed rank_events};

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
