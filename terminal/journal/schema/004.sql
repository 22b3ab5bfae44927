-- Applications for refunds and what belongs to them; looking a sale up in any way; what one operator or card got back.
CREATE TABLE application (
    id          TEXT PRIMARY KEY,
    state       TEXT NOT NULL,
    sale_id     TEXT NOT NULL,
    exchange_id TEXT NOT NULL,
    requester   TEXT NOT NULL,
    amount      INTEGER NOT NULL,
    at          TEXT NOT NULL,
    day         TEXT NOT NULL,
    body        BLOB NOT NULL
);
CREATE INDEX application_state ON application (state, at);
CREATE INDEX application_sale ON application (sale_id);
CREATE INDEX application_exchange ON application (exchange_id);
CREATE INDEX application_day ON application (day);
-- Pictures: a receipt as printed, a signature, a photo. `body` is sealed by the vault where a person is on it; the chain
-- holds its digest, so that it can be dropped when it need not be kept any longer.
CREATE TABLE attachment (
    digest  TEXT NOT NULL,
    owner   TEXT NOT NULL,
    kind    TEXT NOT NULL,
    at      TEXT NOT NULL,
    body    BLOB NOT NULL,
    PRIMARY KEY (owner, kind, digest)
);
CREATE INDEX attachment_digest ON attachment (digest);
CREATE INDEX exchange_rrn ON exchange (rrn);
CREATE INDEX exchange_fingerprint ON exchange (fingerprint, at);
CREATE INDEX exchange_operator ON exchange (operator, at);
CREATE INDEX exchange_day ON exchange (day, kind);
CREATE INDEX event_kind ON event (kind, seq);
-- lists, newest first, of all there is
CREATE INDEX exchange_newest ON exchange (at, batch, stan);
-- in their order, or SQLite walks exchange_newest to find the few that are open
DROP INDEX exchange_open;
CREATE INDEX exchange_open ON exchange (at) WHERE is_open;
-- one amount, or one card's last four digits, may have thousands of sales: in their order, so that the newest come first
DROP INDEX exchange_amount;
DROP INDEX exchange_last_four;
CREATE INDEX exchange_amount ON exchange (amount, at);
CREATE INDEX exchange_last_four ON exchange (last_four, at);
