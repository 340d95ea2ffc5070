import { tmpdir } from 'node:os';
import { PostgresServer, whyNoPostgres } from '@skykey/node';

export type Postgres = PostgresServer;

/** As Debian installs it, but for the room that its log may take between two checkpoints. */
const SETTINGS = { shared_buffers: '128MB', max_wal_size: '4GB' };

/** A PostgreSQL server for one bench, as durable as one in service; or why it cannot be measured here, in a sentence. */
export async function startPostgres(within = tmpdir()): Promise<Postgres | string> {
  const why = whyNoPostgres();
  return why === undefined ? await PostgresServer.start(within, SETTINGS) : `${why}: nothing is said of it`;
}
