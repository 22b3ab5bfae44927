-- The bank's books. A posting moves money from `debit` to `credit`; balances follow in the same commit, so their sum is 0.
-- Card numbers are account numbers here (`account`, `entry`, `posting`, `hold`: a bank must match them); `message` is masked.
CREATE TABLE IF NOT EXISTS account (
    id           TEXT PRIMARY KEY,  -- a card number, a merchant number, "bank", or "hold:", "purse:", "points:" and a card
    kind         TEXT NOT NULL CHECK (kind IN ('card', 'merchant', 'bank', 'hold', 'purse', 'points')),
    name         TEXT NOT NULL,
    balance      INTEGER NOT NULL DEFAULT 0,
    pin          TEXT NOT NULL DEFAULT '',
    pin_wrong    INTEGER NOT NULL DEFAULT 0,
    organisation TEXT NOT NULL DEFAULT 'CUP'
);
CREATE TABLE IF NOT EXISTS terminal (
    terminal_id  TEXT PRIMARY KEY,
    merchant_id  TEXT NOT NULL REFERENCES account (id),
    tmk          BLOB NOT NULL,
    pik          BLOB NOT NULL DEFAULT x'',
    mak          BLOB NOT NULL DEFAULT x'',
    tdk          BLOB NOT NULL DEFAULT x'',
    cipher       TEXT NOT NULL DEFAULT 'des',
    mac_rule     TEXT NOT NULL DEFAULT 'cup',
    batch        TEXT NOT NULL DEFAULT '000001',
    is_signed_in INTEGER NOT NULL DEFAULT 0,
    is_disabled  INTEGER NOT NULL DEFAULT 0,
    demands      TEXT NOT NULL DEFAULT '',
    script       BLOB NOT NULL DEFAULT x''
);
CREATE TABLE IF NOT EXISTS dukpt (  -- TEST KEYS: of terminals whose every message has a key of its own
    terminal_id TEXT PRIMARY KEY REFERENCES terminal (terminal_id),
    initial_key BLOB NOT NULL,
    ksn         BLOB NOT NULL  -- the last that a right MAC used up; at first the initial one
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entry (
    rrn           TEXT PRIMARY KEY,
    kind          TEXT NOT NULL,
    mti           TEXT NOT NULL,
    stan          TEXT NOT NULL,
    batch         TEXT NOT NULL,
    terminal_id   TEXT NOT NULL REFERENCES terminal (terminal_id),
    merchant_id   TEXT NOT NULL,
    amount        INTEGER NOT NULL,
    asked         INTEGER NOT NULL,
    pan           TEXT NOT NULL,
    approval_code TEXT NOT NULL,
    response_code TEXT NOT NULL,
    state         TEXT NOT NULL
        CHECK (state IN ('approved', 'refused', 'voided', 'reversed', 'adjusted', 'pending', 'credited')),
    original_rrn  TEXT NOT NULL,
    at            TEXT NOT NULL,
    date          TEXT NOT NULL,
    organisation  TEXT NOT NULL,
    refunded      INTEGER NOT NULL DEFAULT 0 CHECK (refunded BETWEEN 0 AND amount),
    copy          INTEGER NOT NULL DEFAULT 0,
    due           TEXT NOT NULL DEFAULT '',
    UNIQUE (terminal_id, batch, stan, mti, copy)
);
CREATE INDEX IF NOT EXISTS entry_day ON entry (merchant_id, date);
CREATE INDEX IF NOT EXISTS entry_due ON entry (due) WHERE state = 'pending';
CREATE TABLE IF NOT EXISTS posting (
    id     INTEGER PRIMARY KEY,
    rrn    TEXT NOT NULL,
    debit  TEXT NOT NULL REFERENCES account (id),
    credit TEXT NOT NULL REFERENCES account (id),
    amount INTEGER NOT NULL CHECK (amount > 0)
);
CREATE INDEX IF NOT EXISTS posting_rrn ON posting (rrn);
CREATE TABLE IF NOT EXISTS hold (  -- money set aside by a pre-authorisation; the open ones of a card are its "hold:" account
    rrn           TEXT PRIMARY KEY,  -- of the first pre-authorisation
    pan           TEXT NOT NULL,
    merchant_id   TEXT NOT NULL,
    approval_code TEXT NOT NULL,
    date          TEXT NOT NULL,  -- MMDD, F13 of its answer
    is_moto       INTEGER NOT NULL,
    amount        INTEGER NOT NULL CHECK (amount >= 0),
    state         TEXT NOT NULL CHECK (state IN ('open', 'completed', 'released'))
);
CREATE INDEX IF NOT EXISTS hold_code ON hold (pan, approval_code);
CREATE TABLE IF NOT EXISTS dead_request (
    terminal_id TEXT NOT NULL,
    mti         TEXT NOT NULL,
    batch       TEXT NOT NULL,
    stan        TEXT NOT NULL,
    PRIMARY KEY (terminal_id, mti, batch, stan)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS message (  -- a request and its answer, masked
    id            INTEGER PRIMARY KEY,
    at            TEXT NOT NULL,
    mti           TEXT NOT NULL,
    answer_mti    TEXT NOT NULL,
    stan          TEXT NOT NULL,
    terminal_id   TEXT NOT NULL,
    response_code TEXT NOT NULL,
    received      TEXT NOT NULL,
    sent          TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS settlement (
    id          INTEGER PRIMARY KEY,
    terminal_id TEXT NOT NULL,
    batch       TEXT NOT NULL,
    at          TEXT NOT NULL,
    date        TEXT NOT NULL,
    said        TEXT NOT NULL,  -- F48 of the 0500
    own         TEXT NOT NULL,  -- F48 of the 0510
    home        INTEGER NOT NULL,  -- 1 balanced, 2 not, 3 wrong
    "foreign"   INTEGER NOT NULL,
    is_closed   INTEGER NOT NULL DEFAULT 0,
    UNIQUE (terminal_id, batch)
);
CREATE TABLE IF NOT EXISTS upload (  -- items of batch uploads: an item is one transaction, a message may hold eight
    terminal_id TEXT NOT NULL,
    batch       TEXT NOT NULL,
    sort        TEXT NOT NULL CHECK (sort IN ('detail', 'notice', 'certificate', 'failed')),
    stan        TEXT NOT NULL,  -- of the transaction; of the message for a certificate or a failed one
    item        TEXT NOT NULL,  -- of the transaction, when it is known
    fields      TEXT NOT NULL,  -- masked
    PRIMARY KEY (terminal_id, batch, sort, stan)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dispute (  -- where an upload and the books differ
    id          INTEGER PRIMARY KEY,
    terminal_id TEXT NOT NULL,
    batch       TEXT NOT NULL,
    stan        TEXT NOT NULL,
    what        TEXT NOT NULL,
    said        INTEGER NOT NULL,  -- the terminal's amount; 0 when it said nothing
    own         INTEGER NOT NULL,  -- the bank's
    UNIQUE (terminal_id, batch, stan, what)
);
CREATE TABLE IF NOT EXISTS script_notice (
    terminal_id TEXT NOT NULL,
    batch       TEXT NOT NULL,
    stan        TEXT NOT NULL,  -- of the notice
    rrn         TEXT NOT NULL,  -- of the sale
    icc_data    TEXT NOT NULL,
    PRIMARY KEY (terminal_id, batch, stan)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS signature (
    id       INTEGER PRIMARY KEY,
    rrn      TEXT NOT NULL UNIQUE,
    at       TEXT NOT NULL,
    part     INTEGER NOT NULL,  -- 0 complete; else the last fragment that came, 1 to 9 (cup.md 5.1)
    elements BLOB NOT NULL,  -- F55, cup.md 5.2
    image    BLOB NOT NULL  -- JBIG
);
CREATE TABLE IF NOT EXISTS last_number (number INTEGER NOT NULL);
