-- The journal. `event` is the truth and is only appended to; the other tables are drawn from it for looking up,
-- except `sealed_card` (card data under the vault's key, for reversals and the upload at settlement), `setting` (counters)
-- and `operator` (password hashes, which do not belong into a chain that is exported).
CREATE TABLE event (
    seq  INTEGER PRIMARY KEY,
    at   TEXT NOT NULL,
    kind TEXT NOT NULL,
    body BLOB NOT NULL,
    hash BLOB NOT NULL
);
CREATE TABLE exchange (
    id            TEXT PRIMARY KEY,
    kind          TEXT NOT NULL,
    state         TEXT NOT NULL,
    is_open       INTEGER NOT NULL,
    at            TEXT NOT NULL,
    day           TEXT NOT NULL,
    stan          TEXT NOT NULL,
    batch         TEXT NOT NULL,
    amount        INTEGER NOT NULL,
    rrn           TEXT NOT NULL,
    approval_code TEXT NOT NULL,
    last_four     TEXT NOT NULL,
    fingerprint   TEXT NOT NULL,
    original_id   TEXT NOT NULL,
    operator      TEXT NOT NULL,
    stage         BLOB NOT NULL
);
CREATE INDEX exchange_open ON exchange (is_open) WHERE is_open;
CREATE INDEX exchange_original ON exchange (original_id);
CREATE INDEX exchange_at ON exchange (kind, at);
CREATE INDEX exchange_stan ON exchange (stan);
CREATE INDEX exchange_last_four ON exchange (last_four);
CREATE INDEX exchange_amount ON exchange (amount);
CREATE TABLE sealed_card (
    digest TEXT PRIMARY KEY,
    sealed BLOB NOT NULL
);
CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
CREATE TABLE operator (
    id            TEXT PRIMARY KEY,
    role          TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    is_factory    INTEGER NOT NULL,
    failures      INTEGER NOT NULL DEFAULT 0,
    locked_until  TEXT NOT NULL DEFAULT ''
);
