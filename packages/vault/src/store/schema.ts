/** `SKYV`: tells a vault from any other SQLite file. */
export const APPLICATION_ID = 0x534b5956;
export const SCHEMA_VERSION = 2;

/** How the two databases say the same. */
export interface Dialect {
  readonly rowId: string;
  readonly integer: string;
  readonly real: string;
  readonly text: string;
  readonly blob: string;
  /** Behind a table; and behind one whose rows lie in the order of its primary key. */
  readonly table: string;
  readonly ordered: string;
  /** A column that holds a row's key in another table. */
  readonly refers: (table: string) => string;
}

export const SQLITE: Dialect = {
  rowId: 'INTEGER PRIMARY KEY AUTOINCREMENT',
  integer: 'INTEGER',
  real: 'REAL',
  text: 'TEXT',
  blob: 'BLOB',
  table: 'STRICT',
  ordered: 'STRICT, WITHOUT ROWID',
  // Checked when a file is opened: a damaged one shows.
  refers: (table) => `REFERENCES ${table}`,
};

/** Text is compared by bytes, as SQLite does, whatever the database was made for. */
export const POSTGRES: Dialect = {
  rowId: 'bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY',
  integer: 'bigint',
  real: 'float8',
  text: 'text COLLATE "C"',
  blob: 'bytea',
  table: '',
  ordered: '',
  // PostgreSQL would look up every row of a batch by a query of its own.
  refers: () => '',
};

/**
 * Key bytes live in `piece` and nowhere else, sealed. A block is a run of pieces; `live` counts the bytes of a piece that
 * are still to be used, the others are zero under the seal, and a piece without live bytes is gone.
 *
 * Releasing a block writes no key: `segment` says which part of the block is which part of a lane. `claim` says what was
 * handed out: `reserved` (read it once), `spent` (gone; neighbours are merged, so that the table stays small), `point` (the
 * recycled hash point at the head of an `auth/` lane).
 *
 * `vault.proof` shows whether a keyring is the one that `vault.epoch` was sealed under; `vault.beats` counts heartbeats, so that
 * processes notice when the store went back in time.
 *
 * Ids of keys are random, and every table that is ordered by them is written all over: only one index is.
 * Entries of an index have at most 2,700 bytes in PostgreSQL: keys for so many SAEs that they would not fit are in no stock, which
 * is of pairs.
 * `shared_key.open` counts copies that are RESERVED or ASSIGNED. Sums are kept by scope, so that transactions of different
 * scopes never wait for each other's row.
 */
export const schema = ({ rowId, integer, real, text, blob, table, ordered, refers }: Dialect): string => `
CREATE TABLE vault (
  one ${integer} PRIMARY KEY CHECK (one = 1),
  version ${integer} NOT NULL,
  id ${blob} NOT NULL,
  epoch ${integer} NOT NULL,
  proof ${blob} NOT NULL,
  beats ${integer} NOT NULL DEFAULT 0
) ${table};

CREATE TABLE block (
  block ${rowId},
  id ${text} NOT NULL UNIQUE,
  state ${text} NOT NULL CHECK (state IN ('held', 'released', 'discarded')),
  poisoned ${integer} NOT NULL DEFAULT 0,
  size ${integer} NOT NULL,
  labels ${text} NOT NULL,
  expires_ms ${real},
  changed_ms ${real} NOT NULL
) ${table};
CREATE INDEX block_condemned ON block (block) WHERE poisoned = 2;
CREATE INDEX block_held ON block (block) WHERE state = 'held';

CREATE TABLE origin (
  link ${text} NOT NULL,
  block ${integer} NOT NULL ${refers('block')},
  made_ms ${real} NOT NULL,
  PRIMARY KEY (link, block)
) ${ordered};

CREATE TABLE piece (
  piece ${integer} PRIMARY KEY,
  epoch ${integer} NOT NULL,
  live ${integer} NOT NULL CHECK (live > 0),
  bytes ${blob} NOT NULL
) ${table};

CREATE TABLE lane (lane ${rowId}, name ${text} NOT NULL UNIQUE, length ${integer} NOT NULL) ${table};

CREATE TABLE segment (
  lane ${integer} NOT NULL ${refers('lane')},
  start ${integer} NOT NULL,
  stop ${integer} NOT NULL CHECK (stop > start),
  block ${integer} NOT NULL ${refers('block')},
  first_byte ${integer} NOT NULL,
  poisoned ${integer} NOT NULL,
  expires_ms ${real},
  PRIMARY KEY (lane, start)
) ${ordered};
CREATE INDEX segment_condemned ON segment (lane, start) WHERE poisoned = 2;
CREATE INDEX segment_block ON segment (block);
CREATE INDEX segment_expires ON segment (expires_ms) WHERE poisoned = 0 AND expires_ms IS NOT NULL;

CREATE TABLE claim (
  lane ${integer} NOT NULL ${refers('lane')},
  start ${integer} NOT NULL,
  stop ${integer} NOT NULL CHECK (stop > start),
  state ${text} NOT NULL CHECK (state IN ('reserved', 'spent', 'point')),
  PRIMARY KEY (lane, start)
) ${ordered};

CREATE TABLE shared_key (
  key ${rowId},
  id ${text} NOT NULL UNIQUE,
  lane ${integer} NOT NULL ${refers('lane')},
  start ${integer} NOT NULL,
  stop ${integer} NOT NULL,
  role ${text} NOT NULL CHECK (role IN ('master', 'slave')),
  master_sae ${text} NOT NULL,
  slave_saes ${text} NOT NULL,
  purpose ${text} NOT NULL,
  owner ${text} NOT NULL,
  reserved_ms ${real} NOT NULL,
  expires_ms ${real},
  open ${integer} NOT NULL CHECK (open >= 0),
  told ${integer} NOT NULL DEFAULT 1
) ${table};
CREATE INDEX shared_key_place ON shared_key (lane, start) WHERE open > 0;
CREATE INDEX shared_key_master ON shared_key (master_sae) WHERE open > 0;
CREATE INDEX shared_key_stock ON shared_key (master_sae, slave_saes, purpose, reserved_ms, key) WHERE open > 0 AND role = 'master' AND length(slave_saes) <= 256;
CREATE INDEX shared_key_expires ON shared_key (expires_ms) WHERE open > 0 AND expires_ms IS NOT NULL;
CREATE INDEX shared_key_closed ON shared_key (reserved_ms) WHERE open = 0 AND told = 1;
CREATE INDEX shared_key_untold ON shared_key (reserved_ms) WHERE told = 0;

CREATE TABLE key_copy (
  key ${integer} NOT NULL ${refers('shared_key')},
  sae ${text} NOT NULL,
  state ${text} NOT NULL CHECK (state IN ('RESERVED', 'ASSIGNED', 'ERASED', 'VOIDED')),
  reserved_ms ${real} NOT NULL,
  assigned_ms ${real},
  closed_ms ${real},
  PRIMARY KEY (key, sae)
) ${ordered};
CREATE INDEX key_copy_reserved ON key_copy (key) WHERE state = 'RESERVED';
CREATE INDEX key_copy_assigned ON key_copy (assigned_ms) WHERE state = 'ASSIGNED';
CREATE INDEX key_copy_voided ON key_copy (closed_ms) WHERE state = 'VOIDED';

CREATE TABLE poison (link ${text} PRIMARY KEY, at_ms ${real} NOT NULL, reason ${text} NOT NULL) ${ordered};
CREATE TABLE process (id ${text} PRIMARY KEY, until_ms ${real} NOT NULL) ${ordered};
CREATE TABLE memory (name ${text} PRIMARY KEY, json ${text} NOT NULL) ${ordered};
CREATE TABLE outbox (id ${rowId}, topic ${text} NOT NULL, body ${blob} NOT NULL, at_ms ${real} NOT NULL) ${table};
CREATE INDEX outbox_topic ON outbox (topic, id);
CREATE TABLE journal (id ${rowId}, at_ms ${real} NOT NULL, severity ${text} NOT NULL, text ${text} NOT NULL) ${table};
CREATE TABLE counter (
  scope ${text} NOT NULL,
  name ${text} NOT NULL,
  value ${integer} NOT NULL,
  PRIMARY KEY (scope, name)
) ${ordered};
`;
