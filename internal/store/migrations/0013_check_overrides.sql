-- What operators answer to checks of candidates, until it expires. Who ordered and withdrew what stays in actions. Times are
-- UTC milliseconds.

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
