/** `SKYV`: tells a vault from any other SQLite file. */
export const APPLICATION_ID = 0x534b5956;
export const SCHEMA_VERSION = 1;

/**
 * Key bytes live in `piece` and nowhere else. Its rows are only ever appended at the right-hand end and overwritten in
 * place with a row of the same length, never deleted: so SQLite has no reason to move a row to another page, which could
 * leave a copy behind in the old one. A zeroed piece stays; the file grows with all key ever held.
 *
 * A block is a run of pieces. Releasing it writes no key: `segment` says which part of the block is which part of a
 * lane. `claim` says what was handed out: `reserved` (read it once), `spent` (gone; neighbours are merged, so that the
 * table stays small), `point` (the recycled hash point at the head of an `auth/` lane).
 */
export const SCHEMA = `
CREATE TABLE block (
  block INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL CHECK (state IN ('held', 'released', 'discarded')),
  poisoned INTEGER NOT NULL DEFAULT 0,
  size INTEGER NOT NULL,
  firstPiece INTEGER NOT NULL,
  labels TEXT NOT NULL,
  changedMs REAL NOT NULL
) STRICT;
CREATE INDEX block_held ON block (block) WHERE state = 'held';

CREATE TABLE origin (
  link TEXT NOT NULL,
  block INTEGER NOT NULL REFERENCES block,
  madeMs REAL NOT NULL,
  PRIMARY KEY (link, block)
) STRICT, WITHOUT ROWID;

CREATE TABLE piece (piece INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;

CREATE TABLE lane (lane INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, length INTEGER NOT NULL) STRICT;

CREATE TABLE segment (
  lane INTEGER NOT NULL REFERENCES lane,
  start INTEGER NOT NULL,
  stop INTEGER NOT NULL CHECK (stop > start),
  block INTEGER NOT NULL REFERENCES block,
  offset INTEGER NOT NULL,
  poisoned INTEGER NOT NULL,
  PRIMARY KEY (lane, start)
) STRICT, WITHOUT ROWID;
CREATE INDEX segment_block ON segment (block);

CREATE TABLE claim (
  lane INTEGER NOT NULL REFERENCES lane,
  start INTEGER NOT NULL,
  stop INTEGER NOT NULL CHECK (stop > start),
  state TEXT NOT NULL CHECK (state IN ('reserved', 'spent', 'point')),
  PRIMARY KEY (lane, start)
) STRICT, WITHOUT ROWID;

CREATE TABLE key (
  id TEXT PRIMARY KEY,
  lane INTEGER NOT NULL REFERENCES lane,
  start INTEGER NOT NULL,
  stop INTEGER NOT NULL,
  masterSae TEXT NOT NULL,
  slaveSae TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('master', 'slave')),
  state TEXT NOT NULL CHECK (state IN ('RESERVED', 'ASSIGNED', 'ERASED', 'VOIDED')),
  reservedMs REAL NOT NULL,
  assignedMs REAL,
  closedMs REAL,
  told INTEGER NOT NULL DEFAULT 1
) STRICT, WITHOUT ROWID;
CREATE INDEX key_open ON key (state, lane, start) WHERE state IN ('RESERVED', 'ASSIGNED');
CREATE INDEX key_untold ON key (closedMs) WHERE told = 0;

CREATE TABLE poison (link TEXT PRIMARY KEY, atMs REAL NOT NULL, reason TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE memory (name TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, body BLOB NOT NULL, atMs REAL NOT NULL) STRICT;
CREATE TABLE journal (id INTEGER PRIMARY KEY AUTOINCREMENT, atMs REAL NOT NULL, severity TEXT NOT NULL, text TEXT NOT NULL) STRICT;
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;
