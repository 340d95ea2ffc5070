/** Configuration of one process: a JSON file, checked in full before anything starts. Paths in it are absolute. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Mission, missionOf, readScenario, type Scenario } from '@skykey/scenario';
import { z } from 'zod';
import { NodeError } from './error.ts';

const PORT = 'a port from 1 to 65535';
const ID = 'a small letter, then small letters, digits and hyphens';
const SEED = 'a whole number from 0 to 2^53 - 1';
const SECRET = 'a text of 16 characters at least';

// Every message says what would be right; `loadConfiguration` puts it behind "must be".
const port = z.number(PORT).int(PORT).min(1, PORT).max(65535, PORT);
const path = z.string('an absolute path').refine(isAbsolute, 'an absolute path');
const scenario = z
  .string('the id of a scenario, or an absolute path')
  .refine((name) => !name.endsWith('.json') || isAbsolute(name), 'the id of a scenario, or an absolute path');
/** Longer than an id of a scenario: `micius-beijing` and `desk-beijing` are made of those. */
const id = z.string(ID).regex(/^[a-z][a-z0-9-]{0,71}$/, ID);
const secret = z.string(SECRET).min(16, SECRET);
const tls = z.strictObject({ cert: path, key: path, ca: path, crl: path.optional() });

const device = z.strictObject({ port, token: secret });

export const satelliteConfiguration = z.strictObject({
  format: z.literal('skykey-node/1'),
  kind: z.literal('satellite'),
  nodeId: id,
  scenario,
  vault: path,
  /** Keys that the vault is sealed under; belongs to this vault alone. */
  keyring: path,
  transmitter: device,
  /** Where stations connect for a session. */
  linkPort: port,
  operationsPort: port,
  /** One couriered key file a link; imported at the first start and erased. */
  couriers: z.record(id, path),
});

export const siteConfiguration = z.strictObject({
  format: z.literal('skykey-node/1'),
  kind: z.literal('site'),
  nodeId: id,
  scenario,
  vault: path,
  /** Keys that the vault is sealed under; belongs to this vault alone. */
  keyring: path,
  receiver: device,
  /** Port of the satellite's link service. */
  satellitePort: port,
  operationsPort: port,
  courier: path,
  /** Names the conversation of the two desks; both sites hold the same. */
  conversationId: z.uuid('a UUID'),
  kme: z.strictObject({
    kmeId: id,
    /** ETSI GS QKD 014. */
    port,
    /** ETSI GS QKD 004. */
    etsi004Port: port,
    /** Server certificate and the authority of the SAEs. */
    tls,
    /** SAEs of this site and of the peer's. */
    saes: z.array(z.strictObject({ saeId: id, kmeId: id })).min(2, 'a list of two SAEs at least'),
    /** Which applications may share which key (`skykey-policy/1`). */
    policy: path,
    deskSaeId: id,
    peerDeskSaeId: id,
  }),
  peer: z.strictObject({
    kmeId: id,
    siteId: id,
    listenPort: port,
    port,
    /** Certificate of this KME towards the other, and the authority of the KMEs. */
    tls,
  }),
  desk: z.strictObject({
    /** Of its page, which is at `http://localhost:PORT`: a browser keeps passkeys for a name, not for an address. */
    port,
    /** Store of the conversation, of persons and of files. */
    folder: path,
    /** Outside of `folder`: tells a store that was restored from a copy. */
    witness: path,
    /** Couriered secret of the two desks, 32 bytes or more. */
    secret: path,
    /** Keys that sign the record (ML-DSA-65, PEM); without them this desk cannot go on the record. */
    signing: z
      .strictObject({
        /** Private, of this desk alone. */
        key: path,
        /** Public, of the other desk: brought by a courier, as the secret is. */
        peerKey: path,
      })
      .optional(),
    /** Where a courier puts an emergency pad; it is taken into the store at the next start, and destroyed here. */
    emergencyPad: path.optional(),
    /** What both desks have pinned (`skykey-line-policy/1`). */
    policy: path,
    /** Enrolment links of the first start are written here, for this user alone. */
    enrolment: path,
    /** For calls beyond a local network. */
    iceServers: z
      .array(
        z.strictObject({
          urls: z.string().regex(/^(stun|turns?):/, 'an address that begins with stun:, turn: or turns:'),
          username: z.string().optional(),
          credential: z.string().optional(),
        }),
      )
      .default([]),
  }),
  /** Folder of the built console, for the desk's page. */
  pages: path,
});

export const skyConfiguration = z.strictObject({
  format: z.literal('skykey-sky/1'),
  scenario,
  /** Mission time and seed survive a restart here. */
  memory: path,
  seed: z.number(SEED).int(SEED).min(0, SEED),
  devicePort: port,
  operationsPort: port,
  /** Device name (`receiver xinglong`) to its secret. */
  tokens: z.record(z.string(), secret),
});

export type SatelliteConfiguration = z.infer<typeof satelliteConfiguration>;
export type SiteConfiguration = z.infer<typeof siteConfiguration>;
export type SkyConfiguration = z.infer<typeof skyConfiguration>;

/**
 * Reads and checks a configuration file. Throws NodeError: one sentence with the file and the field, and never a value,
 * because it may be a secret.
 */
export function loadConfiguration<T>(file: string, schema: z.ZodType<T>): T {
  const refuse = (problem: string): NodeError => new NodeError('node/configuration', problem);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw refuse(`cannot read the configuration ${file}: ${(error as Error).message}`);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw refuse(`the configuration ${file} is not JSON`);
  }
  const result = schema.safeParse(json, { error: rule });
  if (result.success) return result.data;
  const first = result.error.issues[0]!;
  const field = first.path.join('.') || 'the document';
  if (first.code === 'unrecognized_keys') throw refuse(`${file}: ${field} must not have a member "${first.keys[0]}"`);
  throw refuse(`${file}: ${field} must be ${first.message}`);
}

/** What would be right where the schema does not say so itself. */
const rule: z.core.$ZodErrorMap = (issue) => {
  if (issue.code === 'invalid_type') return `there and of type ${issue.expected}`;
  if (issue.code === 'invalid_value') return issue.values.map((value) => JSON.stringify(value)).join(' or ');
  if (issue.code === 'invalid_key') return `under ${ID}`;
  return undefined;
};

/** Folder of the scenarios that come with Skykey. */
const SHIPPED = fileURLToPath(new URL('../../scenario/data/', import.meta.url));

/** The file of a scenario: a path that ends in `.json`, or the id of a shipped one. */
export function scenarioFile(nameOrPath: string): string {
  return nameOrPath.endsWith('.json') ? resolve(nameOrPath) : join(SHIPPED, `${nameOrPath}.json`);
}

/** Loads a scenario by id or path. Throws with a sentence that names file and field, or lists the ids there are. */
export function loadScenario(nameOrPath: string): Scenario {
  const file = scenarioFile(nameOrPath);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw new NodeError('node/scenario', `cannot read the scenario ${file}: ${(error as Error).message}`);
    }
    throw new NodeError(
      'node/scenario',
      `there is no scenario "${nameOrPath}": give one of ${shippedScenarios().join(', ')}, or the path of a .json file`,
    );
  }
  return readScenario(text, nameOrPath, (name) => readFileSync(join(dirname(file), name), 'utf8'));
}

/** Loads a scenario that runs with all its processes. Throws as `loadScenario`, and where something for that is missing. */
export function loadMission(nameOrPath: string): Mission {
  return missionOf(loadScenario(nameOrPath));
}

/** Ids of the shipped scenarios. */
export function shippedScenarios(): string[] {
  return readdirSync(SHIPPED)
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -5))
    .sort();
}
