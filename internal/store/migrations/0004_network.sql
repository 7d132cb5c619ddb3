-- What the chains said of eras, validators and stakes.

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
    validators {bytes} NOT NULL -- JSON list, deflated
);

-- In which eras of the stored sets a stash was a validator, those of sets that retention took away included.
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
    backers  {bytes} NOT NULL, -- JSON, deflated
    updated  BIGINT  NOT NULL,
    PRIMARY KEY (stash, era)
);
CREATE INDEX stakes_era ON stakes (era);

CREATE TABLE location_statistics (
    session BIGINT  NOT NULL PRIMARY KEY,
    at      BIGINT  NOT NULL,
    packed  {bytes} NOT NULL -- JSON, deflated
);

CREATE TABLE chain (
    id      BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    known   TEXT   NOT NULL, -- JSON
    updated BIGINT NOT NULL
);
