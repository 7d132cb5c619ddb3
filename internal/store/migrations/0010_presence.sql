-- Presence of the candidates' nodes on the telemetry feeds. Times are UTC milliseconds.

-- The one who watches the feeds.
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

-- Absences that count against a slot, as far as the observer can see; ended is 0 while one runs.
CREATE TABLE presence_outages (
    slot  BIGINT NOT NULL,
    began BIGINT NOT NULL,
    ended BIGINT NOT NULL,
    PRIMARY KEY (slot, began)
);
CREATE INDEX presence_outages_ended ON presence_outages (ended);

-- When the observer could not see.
CREATE TABLE presence_blind (
    began  BIGINT NOT NULL PRIMARY KEY,
    ended  BIGINT NOT NULL,
    reason TEXT   NOT NULL
);
CREATE INDEX presence_blind_ended ON presence_blind (ended);

-- Every name on the feeds, listed or not: who is listed later has been known since then.
CREATE TABLE presence_names (
    name       TEXT   NOT NULL PRIMARY KEY,
    first_seen BIGINT NOT NULL,
    last_seen  BIGINT NOT NULL
);
