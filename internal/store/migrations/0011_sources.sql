-- What sources beyond the chains have told. Times are UTC milliseconds. No table holds an IP address: look-ups are kept
-- under a keyed hash, and the key is not in the database (docs/sources.md).

-- Where the node of a slot was, in the order in which it was found there. The newest row of a slot is where it is.
CREATE TABLE source_locations (
    seq        {id},
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

-- What a location service said of an address.
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

-- Requests made of a source per month.
CREATE TABLE source_requests (
    source TEXT   NOT NULL,
    month  TEXT   NOT NULL,
    made   BIGINT NOT NULL,
    PRIMARY KEY (source, month)
);

-- The greatest release of the client that counts.
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

-- What another instance of the programme said of a stash.
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

-- What a token cost at the beginning of a day; the day is empty for the newest price.
CREATE TABLE source_prices (
    asset    TEXT   NOT NULL,
    day      TEXT   NOT NULL,
    currency TEXT   NOT NULL,
    value    BIGINT NOT NULL, -- billionths of the currency's unit
    source   TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (asset, day, currency)
);

-- How each source is doing.
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
