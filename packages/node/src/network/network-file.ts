/** A network for a day's study: who is there, which links there are besides those of satellites, who wants key, what fails. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type NetworkLink, type NetworkNode, type Policy, readPolicy, Topology } from '@skykey/kme';
import { z } from 'zod';
import { NodeError } from '../error.ts';

const ID = '1 to 64 letters, digits and any of "._~:-"';
const HOURS = 'hours from the begin of the day, 0 or more';
const COUNT = 'a whole number from 1 on';

const id = z.string(ID).regex(/^[A-Za-z0-9._~:-]{1,64}$/, ID);
const hours = z.number(HOURS).min(0, HOURS);
const count = z.number(COUNT).int(COUNT).min(1, COUNT);
const text = z.string('a text').min(4, 'a text of 4 letters at least');

const networkDocument = z.strictObject({
  format: z.literal('skykey-network-day/1', 'skykey-network-day/1'),
  /** Whose stations and satellites these are. */
  scenario: z.string('the id of a scenario').min(1, 'the id of a scenario'),
  startUtc: z.iso.datetime('an instant with its zone'),
  nodes: z.array(
    z.strictObject({
      id,
      kind: z.enum(['site', 'satellite', 'ground-segment'], 'site, satellite or ground-segment'),
      jurisdiction: z.string('two capital letters, or ORBIT'),
      controls: z.array(id).optional(),
    }),
  ),
  /** Links on the ground, which make a block of key as often as said; not a model of a fibre. */
  fibres: z.array(z.strictObject({ id, ends: z.tuple([id, id]), bits: count, everyH: hours, source: text })),
  saes: z.array(z.strictObject({ saeId: id, siteId: id })),
  policy: z.record(z.string(), z.unknown()),
  /** `keys` keys of `bits` bits for the pair, every so many hours. */
  demand: z.array(
    z.strictObject({ master: id, slave: id, bits: count, keys: count, everyH: z.number().positive(), fromH: hours }),
  ),
  alarms: z.array(z.strictObject({ link: id, foundBy: id, atH: hours, reopenedAtH: hours, reason: text })),
});

export interface NetworkFile extends Readonly<z.infer<typeof networkDocument>> {
  readonly rules: Policy;
}

/** What is known of key by links of this network, as labels have it. */
export interface LinkQuality {
  readonly epsSec: number;
  readonly epsCor: number;
  readonly proof: string;
}

/** Throws NodeError `node/network-file` with file and field, KmeError `kme/policy` for its policy. */
export function readNetworkFile(content: string, file: string): NetworkFile {
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch (cause) {
    throw new NodeError('node/network-file', `${file} is not JSON: ${(cause as Error).message}`, { cause });
  }
  const read = networkDocument.safeParse(json);
  if (!read.success) {
    const { path, message } = read.error.issues[0]!;
    const field = path.join('.') || 'the document';
    throw new NodeError('node/network-file', `${file}: ${field} must be ${message}`);
  }
  const document = read.data;
  const rules = readPolicy(new TextEncoder().encode(JSON.stringify(document.policy, null, 2)));
  const sites = new Set(document.nodes.filter(({ kind }) => kind === 'site').map((node) => node.id));
  const saes = new Map(document.saes.map(({ saeId, siteId }) => [saeId, siteId]));
  const refuse = (what: string): never => {
    throw new NodeError('node/network-file', `${file}: ${what}`);
  };
  for (const [saeId, siteId] of saes) {
    if (!sites.has(siteId))
      refuse(`the SAE ${saeId} is at ${siteId}, which is no site of nodes; add it or correct its name`);
  }
  for (const { master, slave } of document.demand) {
    const stranger = [master, slave].find((sae) => !saes.has(sae));
    if (stranger !== undefined) refuse(`demand names ${stranger}, which is not in saes; add it or correct its name`);
    if (!rules.rulesFor([master, slave]))
      refuse(`demand of ${master} and ${slave}: no rule of the policy lets them share keys`);
  }
  for (const { link, atH, reopenedAtH } of document.alarms) {
    if (!(atH < reopenedAtH))
      refuse(`the alarm on ${link} at ${atH} h is over at ${reopenedAtH} h; it must begin before it ends`);
  }
  return { ...document, rules };
}

/** Satellite links (those that ever meet) and fibres, all without key. Throws KmeError `kme/topology`. */
export function topologyOf(
  { nodes, fibres }: NetworkFile,
  meetings: readonly { readonly satelliteId: string; readonly stationId: string }[],
  quality: LinkQuality,
): Topology {
  const link = (name: string, ends: readonly [string, string]): NetworkLink => ({
    ...{ id: name, ends, state: 'open', stockBits: 0, rateBps: 0, oldestAtMs: null, simulated: true },
    ...quality,
  });
  const met = new Map(
    meetings.map(({ satelliteId, stationId }) => [`${satelliteId}-${stationId}`, [satelliteId, stationId] as const]),
  );
  return new Topology(nodes as readonly NetworkNode[], [
    ...[...met].map(([name, ends]) => link(name, ends)),
    ...fibres.map(({ id: name, ends }) => link(name, ends)),
  ]);
}

const DATA = fileURLToPath(new URL('../../data/', import.meta.url));
const ENDING = '.network.json';

/** Networks that come with Skykey. */
export function shippedNetworks(): string[] {
  return readdirSync(DATA)
    .filter((name) => name.endsWith(ENDING))
    .map((name) => name.slice(0, -ENDING.length))
    .sort();
}

/** One that is shipped by its name, or a file by its path. Throws as `readNetworkFile`. */
export function loadNetwork(nameOrPath: string): NetworkFile {
  const shipped = shippedNetworks();
  if (!nameOrPath.endsWith('.json') && !shipped.includes(nameOrPath)) {
    const names = shipped.join(', ');
    throw new NodeError(
      'node/network-file',
      `there is no network "${nameOrPath}": give one of ${names}, or the path of a .json file`,
    );
  }
  const file = shipped.includes(nameOrPath) ? join(DATA, `${nameOrPath}${ENDING}`) : resolve(nameOrPath);
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new NodeError('node/network-file', `${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
  return readNetworkFile(content, file);
}
