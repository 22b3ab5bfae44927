-- The bank's books. A posting moves money from `debit` to `credit`; balances follow in the same commit, so their sum is 0.
-- Card numbers are account numbers here (`account`, `entry`, `posting`: a bank must match them); `message` is masked.
CREATE TABLE IF NOT EXISTS account (
    id      TEXT PRIMARY KEY,
    kind    TEXT NOT NULL CHECK (kind IN ('card', 'merchant', 'bank')),
    name    TEXT NOT NULL,
    balance INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS terminal (
    terminal_id  TEXT PRIMARY KEY,
    merchant_id  TEXT NOT NULL REFERENCES account (id),
    tmk          BLOB NOT NULL,
    pik          BLOB NOT NULL DEFAULT x'',
    mak          BLOB NOT NULL DEFAULT x'',
    batch        TEXT NOT NULL DEFAULT '000001',
    is_signed_in INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS entry (
    rrn           TEXT PRIMARY KEY,
    kind          TEXT NOT NULL CHECK (kind IN ('sale', 'void', 'refund')),
    mti           TEXT NOT NULL,
    stan          TEXT NOT NULL,
    batch         TEXT NOT NULL,
    terminal_id   TEXT NOT NULL REFERENCES terminal (terminal_id),
    merchant_id   TEXT NOT NULL,
    amount        INTEGER NOT NULL,
    pan           TEXT NOT NULL,
    approval_code TEXT NOT NULL,
    response_code TEXT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('approved', 'refused', 'voided', 'reversed')),
    original_rrn  TEXT NOT NULL,
    at            TEXT NOT NULL,
    date          TEXT NOT NULL,
    UNIQUE (terminal_id, mti, batch, stan)
);
CREATE INDEX IF NOT EXISTS entry_original ON entry (original_rrn);
CREATE TABLE IF NOT EXISTS posting (
    id     INTEGER PRIMARY KEY,
    rrn    TEXT NOT NULL,
    debit  TEXT NOT NULL REFERENCES account (id),
    credit TEXT NOT NULL REFERENCES account (id),
    amount INTEGER NOT NULL CHECK (amount > 0)
);
CREATE TABLE IF NOT EXISTS dead_request (
    terminal_id TEXT NOT NULL,
    mti         TEXT NOT NULL,
    batch       TEXT NOT NULL,
    stan        TEXT NOT NULL,
    PRIMARY KEY (terminal_id, mti, batch, stan)
);
CREATE TABLE IF NOT EXISTS message (
    id            INTEGER PRIMARY KEY,
    at            TEXT NOT NULL,
    direction     TEXT NOT NULL CHECK (direction IN ('received', 'sent')),
    mti           TEXT NOT NULL,
    stan          TEXT NOT NULL,
    terminal_id   TEXT NOT NULL,
    response_code TEXT NOT NULL,
    fields        TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS last_number (number INTEGER NOT NULL);
