-- What operators did.

CREATE TABLE actions (
    seq     {id},
    at      BIGINT NOT NULL,
    author  TEXT   NOT NULL CHECK (author <> ''),
    verb    TEXT   NOT NULL,
    subject TEXT   NOT NULL,
    reason  TEXT   NOT NULL,
    detail  TEXT   NOT NULL
);
CREATE INDEX actions_subject ON actions (subject, seq);
{fixed actions};
