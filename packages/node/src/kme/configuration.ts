/** Configuration of a key manager that stands alone: `skykey-kme/1`. Paths are absolute. */
import { readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { env } from 'node:process';
import { z } from 'zod';
import { loadConfiguration } from '../configuration.ts';
import { NodeError } from '../error.ts';

const PORT = 'a port from 0 to 65535 (0: any that is free)';
const PATH = 'an absolute path';
const NAME = 'a name of 1 to 64 characters without spaces';
const HTTPS = 'an address that begins with https:// and names a host and, if need be, a port, and nothing else';
const WHOLE = 'a whole number, 1 or more';
const SYSTEM = '1 to 64 printable characters other than * ? [ and ]';

const port = z.number(PORT).int(PORT).min(0, PORT).max(65_535, PORT);
const path = z.string(PATH).refine(isAbsolute, PATH);
const name = z.string(NAME).regex(/^[!-~]{1,64}$/, NAME);
const whole = z.number(WHOLE).int(WHOLE).min(1, WHOLE);
const systemId = z.string(SYSTEM).regex(/^[\x21-\x29\x2b-\x3e\x40-\x5a\x5c\x5e-\x7e]{1,64}$/, SYSTEM);
export const httpsOrigin = z.string(HTTPS).refine((text) => {
  const url = URL.parse(text);
  return url?.protocol === 'https:' && url.origin === text;
}, HTTPS);

const tls = z.strictObject({ cert: path, key: path, ca: path, crl: path.optional() });

const vault = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({ kind: z.literal('sqlite'), path }),
    z.strictObject({
      kind: z.literal('postgres'),
      /** Where the connection string stands: it may hold a password, so it never stands here. */
      connection: z.union(
        [z.strictObject({ file: path }), z.strictObject({ env: name })],
        'an object with "file", an absolute path, or "env", the name of a variable',
      ),
      name: z.string().regex(/^[a-z][a-z0-9_]{0,47}$/, 'a small letter, then at most 47 of a-z, 0-9 and _'),
      connections: whole.optional(),
    }),
  ],
  'an object with "kind": "sqlite" or "postgres"',
);

const skipClient = z.strictObject({
  saeId: name,
  localSystemId: systemId,
  remotes: z.array(z.strictObject({ systemId, saeId: name })).min(1, 'a list of one remote system at least'),
  /** For TLS 1.2 with a pre-shared key: the file holds it in hexadecimal, 32 bytes at least. */
  psk: z.strictObject({ identity: name, file: path }).optional(),
});

export const kmeConfiguration = z.strictObject({
  format: z.literal('skykey-kme/1'),
  kmeId: name,
  siteId: name,
  /** Unlike that of every other process on the same vault, and alike after a restart. */
  processId: name.optional(),
  vault,
  keyring: path,
  /** The network file (`skykey-network/1`), the same for all. */
  network: path,
  /** The policy (`skykey-policy/1`). */
  policy: path,
  listen: z.strictObject({
    /** Address of all but the operations, which are on loopback. */
    host: z.string().min(1, 'an address to listen on'),
    etsi014: port,
    peers: port,
    operations: port,
    etsi004: port.optional(),
    etsi020: port.optional(),
    skip: z.strictObject({ tls: port.optional(), psk: port.optional() }).optional(),
  }),
  tls: z.strictObject({
    /** Certificate towards applications, and their authority. */
    saes: tls,
    /** Certificate towards other KMEs, and their authority. */
    kmes: tls,
  }),
  identity: z
    .strictObject({ uris: z.array(z.string().min(1)).optional(), commonName: z.boolean().optional() })
    .optional(),
  staleList: z.enum(['warn', 'refuse'], '"warn" or "refuse"').default('warn'),
  limits: z
    .strictObject({
      keySize: whole.optional(),
      minKeySize: whole.optional(),
      maxKeySize: whole.optional(),
      maxKeyPerRequest: whole.optional(),
      maxKeyCount: whole.optional(),
      maxSaeIdCount: z.number().int().min(0).optional(),
    })
    .optional(),
  /** An application has so long to fetch its copy of a key. */
  keyTtlS: whole.default(86_400),
  /** Contacts to come of quantum links (`skykey-contacts/1`): what forecasts are made of. */
  contacts: path.optional(),
  /** Files of key that both ends hold. */
  couriers: z.array(z.strictObject({ peer: name, file: path })).default([]),
  skip: z
    .strictObject({
      clients: z.array(skipClient).min(1, 'a list of one client at least'),
      entropy: z.boolean().default(false),
    })
    .optional(),
  etsi020: z
    .strictObject({
      /** How foreign KMEs reach this one. */
      ownUrl: httpsOrigin,
      peers: z.array(
        z.strictObject({
          kmeId: name,
          url: httpsOrigin,
          callbackUrl: z.string().min(1).optional(),
          saes: z.array(name).min(1, 'a list of one SAE at least'),
          dialect: z.enum(['v1.1.1', 'draft'], '"v1.1.1" or "draft"').optional(),
        }),
      ),
      tls: tls.optional(),
    })
    .optional(),
});

export type KmeConfiguration = z.infer<typeof kmeConfiguration>;

/** Reads and checks the file. Throws NodeError `node/configuration` with the file, the field and what would be right. */
export function loadKmeConfiguration(file: string): KmeConfiguration {
  const found = loadConfiguration(file, kmeConfiguration);
  const refuse = (problem: string): NodeError => new NodeError('node/configuration', `${file}: ${problem}`);
  const { listen, skip, etsi020, couriers } = found;
  if ((listen.skip === undefined) !== (skip === undefined)) {
    throw refuse('skip and listen.skip belong together: give both, or neither');
  }
  if (listen.skip && listen.skip.tls === undefined && listen.skip.psk === undefined) {
    throw refuse('listen.skip must have "tls", "psk", or both');
  }
  if (listen.skip?.psk !== undefined && !skip!.clients.some(({ psk }) => psk)) {
    throw refuse('listen.skip.psk needs a client in skip.clients with "psk": without one nobody could come in');
  }
  const identities = (skip?.clients ?? []).flatMap(({ psk }) => (psk ? [psk.identity] : []));
  const twice = identities.find((identity, i) => identities.indexOf(identity) < i);
  if (twice !== undefined)
    throw refuse(`skip.clients names the PSK identity ${twice} twice; each client needs its own`);
  if ((listen.etsi020 === undefined) !== (etsi020 === undefined)) {
    throw refuse('etsi020 and listen.etsi020 belong together: give both, or neither');
  }
  const again = couriers.find(({ peer }, i) => couriers.findIndex((other) => other.peer === peer) < i);
  if (again)
    throw refuse(`couriers has two files for ${again.peer}; install one at a time, in the same order at both ends`);
  return found;
}

/** The connection string of PostgreSQL. Throws NodeError, and never says what it is. */
export function connectionOf(vaultOptions: KmeConfiguration['vault'] & { readonly kind: 'postgres' }): string {
  const { connection } = vaultOptions;
  const refuse = (problem: string): NodeError => new NodeError('node/configuration', problem);
  if ('env' in connection) {
    const value = env[connection.env];
    if (!value) throw refuse(`vault.connection.env: the variable ${connection.env} is not set; set it to postgres://…`);
    return value;
  }
  try {
    return readFileSync(connection.file, 'utf8').trim();
  } catch (error) {
    throw refuse(`vault.connection.file: cannot read ${connection.file}: ${(error as Error).message}`);
  }
}
