/**
 * Prepares a data folder for a scenario: certificates for development, couriered keys, and one configuration file a
 * process. Secrets are made once; configuration is written at every start, because ports and tokens may change.
 */
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEFAULT_POLICY, type LinePolicy, MAX_EMERGENCY_TEXTS, makeEmergencyFile } from '@skykey/hotline';
import { POLICY_FORMAT } from '@skykey/kme';
import type { Mission } from '@skykey/scenario';
import type { SatelliteConfiguration, SiteConfiguration, SkyConfiguration } from '../configuration.ts';
import { linePolicyDocument } from '../desk/line-policy.ts';
import { makeSigningKeys } from '../desk/signing-keys.ts';
import { NodeError } from '../error.ts';
import { developmentCertificates } from '../pki/development.ts';

/** Folder of the built console. */
export const PAGES = fileURLToPath(new URL('../../../console/dist', import.meta.url));

/**
 * Sessions that one relayed key may rest on, whose failure probabilities add up. It rests on one of each link at least; a
 * link whose partner has no pass for days gathers more, and the satellite joins what it has.
 */
const SESSIONS_OF_A_KEY = 256;

const DESK_SECRET_BYTES = 64;

/**
 * Assumed, for a mission whose one satellite brings some hundred kilobits a night: the reserve for authentication is the key
 * manager's own here, so that only what one renewal takes is left alone.
 */
const MISSION_LINE_POLICY: LinePolicy = {
  ...DEFAULT_POLICY,
  // Renewals every eight minutes of eight hours, and some texts by one-time pad. A pass pays for no voice by it, which takes
  // 1.92 Mbit a minute each way: whoever has more key writes voicePadMinutesPerDay, and bitsPerHour to match, into the file.
  bitsPerHour: { 1: 3000, 2: 3000 },
  authenticationFloorBits: 1024,
};

/** Ports of everything, counted from the console's. */
export function portPlan(first: number): {
  console: number;
  kme: (site: number) => number;
  etsi004: (site: number) => number;
  sky: number;
  devices: number;
  link: number;
  satellite: number;
  desk: (site: number) => number;
  site: (site: number) => number;
  peer: (site: number) => number;
} {
  if (!Number.isInteger(first) || first < 1024 || first > 65500) {
    throw new NodeError('node/port', `--port is ${first}; give the first of twenty free ports, from 1024 to 65500`);
  }
  return {
    console: first,
    kme: (site) => first + 1 + site,
    etsi004: (site) => first + 4 + site,
    desk: (site) => first + 7 + site,
    sky: first + 10,
    devices: first + 11,
    link: first + 12,
    satellite: first + 13,
    site: (site) => first + 14 + 2 * site,
    peer: (site) => first + 15 + 2 * site,
  };
}

/** What a data folder says of itself, `skykey.json`: written last at the first start. */
interface DataMarker {
  readonly format: 'skykey-data/1';
  readonly scenario: string;
  readonly conversationId: string;
  /** Of the simulated sky. */
  readonly seed: number;
}

export interface ProcessPlan {
  readonly name: string;
  readonly role: 'sky' | 'satellite' | 'site';
  readonly configurationFile: string;
  readonly operationsPort: number;
}

export interface Plan {
  readonly data: string;
  readonly certificates: string;
  readonly ports: ReturnType<typeof portPlan>;
  readonly processes: readonly ProcessPlan[];
}

/** Names used everywhere: a site's KME, its ordinary SAE, and the SAE of its desk. */
export const kmeId = (siteId: string): string => `kme-${siteId}`;
export const saeId = (siteId: string): string => `sae-${siteId}`;
export const deskSaeId = (siteId: string): string => `desk-${siteId}`;

/**
 * Writes what the processes of a scenario need. Throws NodeError when the folder cannot be written or belongs to
 * another scenario.
 */
export async function provision(options: {
  mission: Mission;
  /** As the user named it: an id or a path. */
  scenarioName: string;
  data: string;
  port: number;
  seed?: number;
  now: number;
}): Promise<Plan> {
  const { mission } = options;
  const { sites } = mission.live;
  if (sites.length !== 2) {
    throw new NodeError(
      'node/sites',
      `the scenario ${mission.id} has ${sites.length} sites; a hotline needs exactly two`,
    );
  }
  if ([mission.satellite.id, ...sites.map(({ id }) => id)].includes('sky')) {
    throw new NodeError(
      'node/sites',
      `the scenario ${mission.id} has a site or satellite "sky"; that is the name of the sky's own process`,
    );
  }
  const data = resolve(options.data);
  const ports = portPlan(options.port);
  makeFolder(data);
  const marker = join(data, 'skykey.json');
  const first = !existsSync(marker);
  const owner: DataMarker = first
    ? {
        format: 'skykey-data/1',
        scenario: mission.id,
        conversationId: randomUUID(),
        seed: options.seed ?? randomInt(2 ** 47),
      }
    : readMarker(marker);
  if (owner.scenario !== mission.id) {
    throw new NodeError(
      'node/data',
      `the data folder ${data} belongs to the scenario ${owner.scenario}; choose another with --data`,
    );
  }
  if (options.seed !== undefined && options.seed !== owner.seed) {
    throw new NodeError(
      'node/seed',
      `the sky in ${data} was begun with seed ${owner.seed} and cannot change it: leave --seed out, or choose another folder with --data`,
    );
  }
  const certificates = join(data, 'pki');
  await developmentCertificates(
    certificates,
    { saes: sites.map(({ id }) => saeId(id)), kmes: sites.map(({ id }) => kmeId(id)) },
    options.now,
  );

  const write = (name: string, content: object): string => {
    const file = join(data, name);
    writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
    return file;
  };
  const scenarioPath = options.scenarioName.endsWith('.json') ? resolve(options.scenarioName) : options.scenarioName;
  const satelliteId = mission.satellite.id;
  const couriers: Record<string, string> = {};
  for (const station of mission.stations) {
    const courier = {
      satellite: join(data, `courier-${station.linkId}-satellite.key`),
      site: join(data, `courier-${station.linkId}-site.key`),
    };
    couriers[station.linkId] = courier.satellite;
    if (!first) continue;
    const key = randomBytes(mission.live.courieredBytes.value);
    for (const file of Object.values(courier)) writeFileSync(file, key, { mode: 0o600 });
    key.fill(0);
  }

  const token = (): string => randomBytes(24).toString('base64url');
  const transmitter = { port: ports.devices, token: token() };
  const receivers = new Map(mission.stations.map((station) => [station.id, { port: ports.devices, token: token() }]));
  const sky: SkyConfiguration = {
    format: 'skykey-sky/1',
    scenario: scenarioPath,
    memory: join(data, 'sky.json'),
    seed: owner.seed,
    devicePort: ports.devices,
    operationsPort: ports.sky,
    tokens: {
      [`transmitter ${satelliteId}`]: transmitter.token,
      ...Object.fromEntries([...receivers].map(([id, receiver]) => [`receiver ${id}`, receiver.token])),
    },
  };
  const satellite: SatelliteConfiguration = {
    format: 'skykey-node/1',
    kind: 'satellite',
    nodeId: satelliteId,
    scenario: scenarioPath,
    vault: join(data, `${satelliteId}.vault`),
    keyring: join(data, `${satelliteId}.keyring`),
    transmitter,
    linkPort: ports.link,
    operationsPort: ports.satellite,
    couriers,
  };
  const processes: ProcessPlan[] = [
    { name: 'sky', role: 'sky', configurationFile: write('sky.config.json', sky), operationsPort: ports.sky },
    {
      name: satelliteId,
      role: 'satellite',
      configurationFile: write(`${satelliteId}.config.json`, satellite),
      operationsPort: ports.satellite,
    },
  ];
  const deskSecret = (site: string): string => join(data, `${site}.desk-secret`);
  if (sites.some(({ id }) => !existsSync(deskSecret(id)))) {
    // What a courier brings to both desks; a new one on either side alone would part them.
    const secret = randomBytes(DESK_SECRET_BYTES);
    for (const { id } of sites) writeFileSync(deskSecret(id), secret, { mode: 0o600 });
    secret.fill(0);
  }
  const signing = (site: string): { key: string; publicKey: string } => ({
    key: join(data, `${site}.record-key`),
    publicKey: join(data, `${site}.record-key.pub`),
  });
  for (const { id } of sites) makeSigningKeys(signing(id));
  const emergencyPad = (site: string): string => join(data, `${site}.emergency-pad`);
  if (first) {
    // What a courier would carry; a simulated mission assumes that nobody looked.
    const pad = makeEmergencyFile(
      {
        conversationId: owner.conversationId,
        provenance: 'assumed: copied on one machine, in place of a courier',
        texts: Math.min(MISSION_LINE_POLICY.emergencyPadTexts, MAX_EMERGENCY_TEXTS),
      },
      (length) => new Uint8Array(randomBytes(length)),
    );
    for (const { id } of sites) writeFileSync(emergencyPad(id), pad, { mode: 0o600 });
    pad.fill(0);
  }
  const linePolicy = join(data, 'line-policy.json');
  if (!existsSync(linePolicy)) write('line-policy.json', linePolicyDocument(MISSION_LINE_POLICY));
  const saes = sites.flatMap(({ id }) => [
    { saeId: saeId(id), kmeId: kmeId(id) },
    { saeId: deskSaeId(id), kmeId: kmeId(id) },
  ]);
  const policy = join(data, 'policy.json');
  // Whoever runs this network may change it; what the scenario allows is where it begins.
  if (!existsSync(policy)) write('policy.json', policyOf(mission));
  for (const [index, site] of sites.entries()) {
    const other = sites[1 - index]!;
    const station = mission.stations.find(({ siteId }) => siteId === site.id)!;
    const tls = (ca: 'sae' | 'kme'): SiteConfiguration['peer']['tls'] => ({
      cert: join(certificates, `${kmeId(site.id)}.crt`),
      key: join(certificates, `${kmeId(site.id)}.key`),
      ca: join(certificates, `${ca}-ca.crt`),
      crl: join(certificates, `${ca}-ca.crl`),
    });
    const configuration: SiteConfiguration = {
      format: 'skykey-node/1',
      kind: 'site',
      nodeId: site.id,
      scenario: scenarioPath,
      vault: join(data, `${site.id}.vault`),
      keyring: join(data, `${site.id}.keyring`),
      receiver: receivers.get(station.id)!,
      satellitePort: ports.link,
      operationsPort: ports.site(index),
      courier: join(data, `courier-${station.linkId}-site.key`),
      conversationId: owner.conversationId,
      kme: {
        kmeId: kmeId(site.id),
        port: ports.kme(index),
        etsi004Port: ports.etsi004(index),
        tls: tls('sae'),
        saes,
        policy,
        deskSaeId: deskSaeId(site.id),
        peerDeskSaeId: deskSaeId(other.id),
      },
      peer: {
        kmeId: kmeId(other.id),
        siteId: other.id,
        listenPort: ports.peer(index),
        port: ports.peer(1 - index),
        tls: tls('kme'),
      },
      desk: {
        port: ports.desk(index),
        folder: join(data, `${site.id}.desk`),
        witness: join(data, `${site.id}.witness`),
        secret: deskSecret(site.id),
        emergencyPad: emergencyPad(site.id),
        signing: { key: signing(site.id).key, peerKey: signing(other.id).publicKey },
        policy: linePolicy,
        enrolment: join(data, `${site.id}.enrol.json`),
        iceServers: [],
      },
      pages: PAGES,
    };
    processes.push({
      name: site.id,
      role: 'site',
      configurationFile: write(`${site.id}.config.json`, configuration),
      operationsPort: ports.site(index),
    });
  }
  if (first) write('skykey.json', owner);
  return { data, certificates, ports, processes };
}

/** The applications that share keys, desk with desk and SAE with SAE, and what the scenario says of its key. */
function policyOf({ live: { sites }, document: { protocol } }: Mission): object {
  const [one, other] = sites.map(({ id }) => id) as [string, string];
  const rule = {
    maxRelays: 1,
    epsSec: protocol.epsSec.value * SESSIONS_OF_A_KEY,
    epsCor: protocol.epsCor.value * SESSIONS_OF_A_KEY,
    proofs: [protocol.proof.value],
    simulated: true,
  };
  return {
    format: POLICY_FORMAT,
    rules: [
      { between: [deskSaeId(one), deskSaeId(other)], ...rule },
      { between: [saeId(one), saeId(other)], ...rule },
    ],
  };
}

function readMarker(file: string): DataMarker {
  try {
    const marker = JSON.parse(readFileSync(file, 'utf8')) as Partial<DataMarker> | null;
    const { format, scenario, conversationId, seed } = marker ?? {};
    const texts = typeof scenario === 'string' && typeof conversationId === 'string';
    if (format === 'skykey-data/1' && texts && Number.isSafeInteger(seed)) {
      return { format, scenario, conversationId, seed: seed! };
    }
    throw new Error('it does not hold scenario, conversationId and seed');
  } catch (error) {
    throw new NodeError(
      'node/data',
      `cannot tell to which scenario the data folder belongs, ${file}: ${(error as Error).message}; ` +
        'restore the file, or choose another folder with --data',
    );
  }
}

/** Makes a folder for this user alone. Throws a NodeError with the remedy when nothing can be written there. */
export function makeFolder(folder: string): void {
  try {
    // Level by level: the recursive form of mkdir never returns where a file system forbids new folders (/proc).
    const missing: string[] = [];
    for (let level = resolve(folder); !existsSync(level); level = dirname(level)) missing.unshift(level);
    for (const level of missing) mkdirSync(level, { mode: 0o700 });
    if (!statSync(folder).isDirectory()) throw new Error('there is a file of that name');
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new NodeError(
      'node/data',
      `cannot write to the data folder ${folder}: ${(error as Error).message}; choose another with --data`,
    );
  }
}
