-- Settlement, things owed beside the money, downloaded parameters.
CREATE TABLE settlement (
    batch   TEXT PRIMARY KEY,
    is_open INTEGER NOT NULL,
    stage   BLOB NOT NULL
);
CREATE TABLE batch_item (
    batch    TEXT NOT NULL,
    position INTEGER NOT NULL,
    what     TEXT NOT NULL,
    stan     TEXT NOT NULL,
    ids      BLOB NOT NULL,
    code     TEXT NOT NULL,
    PRIMARY KEY (batch, position)
);
CREATE TABLE owed (
    kind  TEXT NOT NULL,
    id    TEXT NOT NULL,
    state TEXT NOT NULL,
    tries INTEGER NOT NULL,
    body  BLOB NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE TABLE parameter (
    kind  TEXT NOT NULL,
    key   TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (kind, key)
);
ALTER TABLE exchange ADD COLUMN digest TEXT NOT NULL DEFAULT '';
-- exchanges from before: their card's digest, and the terms that were then the only ones
UPDATE exchange SET
    digest = json_extract(CAST(stage AS TEXT), '$.request.card.digest'),
    stage = CAST(json_set(CAST(stage AS TEXT), '$.request.terms',
        json_object('silence', CASE kind WHEN 'refund' THEN 'query' ELSE 'reverse' END)) AS BLOB);
CREATE INDEX exchange_batch ON exchange (batch);
