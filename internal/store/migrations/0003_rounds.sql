-- Rounds that were held, and what the programme's nominators did.

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
{fixed rounds};

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
    seq        {id},
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
{fixed nominations};

CREATE TABLE periods (
    number  BIGINT NOT NULL PRIMARY KEY,
    opened  BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    closed  BIGINT NOT NULL,
    settled BIGINT NOT NULL,
    slots   TEXT   NOT NULL -- JSON list
);
