/** Configuration of one process: a JSON file, checked in full before anything starts. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readScenario, type Scenario } from '@skykey/scenario';
import { z } from 'zod';
import { NodeError } from './error.ts';

const port = z.number().int().min(1).max(65535);
const path = z.string().min(1);
const id = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/);
const tls = z.strictObject({ cert: path, key: path, ca: path });

const device = z.strictObject({ port, token: z.string().min(16) });

export const satelliteConfiguration = z.strictObject({
  format: z.literal('skykey-node/1'),
  kind: z.literal('satellite'),
  nodeId: id,
  scenario: path,
  vault: path,
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
  scenario: path,
  vault: path,
  receiver: device,
  /** Port of the satellite's link service. */
  satellitePort: port,
  operationsPort: port,
  courier: path,
  /** Names the conversation of the two desks; both sites hold the same. */
  conversationId: z.uuid(),
  kme: z.strictObject({
    kmeId: id,
    port,
    /** Server certificate and the authority of the SAEs. */
    tls,
    /** SAEs of this site and of the peer's. */
    saes: z.array(z.strictObject({ saeId: id, kmeId: id })).min(2),
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
  /** Folder of the built console, for the desk's page. */
  pages: path,
});

export const skyConfiguration = z.strictObject({
  format: z.literal('skykey-sky/1'),
  scenario: path,
  /** Mission time and seed survive a restart here. */
  memory: path,
  seed: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  devicePort: port,
  operationsPort: port,
  /** Device name (`receiver xinglong`) to its secret. */
  tokens: z.record(z.string(), z.string().min(16)),
});

export type SatelliteConfiguration = z.infer<typeof satelliteConfiguration>;
export type SiteConfiguration = z.infer<typeof siteConfiguration>;
export type SkyConfiguration = z.infer<typeof skyConfiguration>;

/** Reads and checks a configuration file; relative paths in it are relative to the file. Throws NodeError. */
export function loadConfiguration<T>(file: string, schema: z.ZodType<T>): T {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new NodeError('node/configuration', `cannot read the configuration ${file}: ${(error as Error).message}`);
  }
  const result = schema.safeParse(json);
  if (!result.success) {
    const [first] = result.error.issues;
    throw new NodeError('node/configuration', `${file}: ${first!.path.join('.') || 'the document'}: ${first!.message}`);
  }
  return result.data;
}

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
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new NodeError(
      'node/scenario',
      `there is no scenario "${nameOrPath}": give one of ${shippedScenarios().join(', ')}, or the path of a .json file`,
    );
  }
  return readScenario(text, nameOrPath, (name) => readFileSync(join(dirname(file), name), 'utf8'));
}

/** Ids of the shipped scenarios. */
export function shippedScenarios(): string[] {
  return readdirSync(SHIPPED)
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -5))
    .sort();
}
