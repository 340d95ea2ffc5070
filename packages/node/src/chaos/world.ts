import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { SecretBytes } from '@skykey/bits';
import { DIRECT, Exchange, Kme, keyLane, type Policy, peerLane, readPolicy } from '@skykey/kme';
import { type Random, seededRandom } from '@skykey/photons';
import { type BlockLabels, Vault, VaultError } from '@skykey/vault';
import { Clockwork } from './clockwork.ts';
import { DiskKeyring, PostgresDisk, SqliteDisk } from './disk.ts';
import type { Origin } from './history.ts';
import { type Life, Machine, type Point, type Serving, sentence } from './machine.ts';
import { Network, NO_FAULTS } from './network.ts';
import { CutLine } from './postgres-line.ts';
import type { PostgresServer } from './postgres-server.ts';

export type StoreName = 'sqlite' | 'postgres';
export type Site = 'beijing' | 'moscow';

export const SITES: readonly Site[] = ['beijing', 'moscow'];
const RELAY = 'micius';
export const KEY_TTL_MS = 90_000;
/** A clock is wrong by at most so much, one way or the other. */
const CLOCK_ERROR_MS = 4_000;
export const CLOCK_SPREAD_MS = 2 * CLOCK_ERROR_MS + 2_000;
const LEASE_MS = 5_000;
const TICK_MS = 500;
/** Virtual time begins so late that no clock, however wrong, is before the beginning of time. */
const START_MS = 1_000_000;

export const SAES: readonly { readonly saeId: string; readonly site: Site }[] = [
  ...['desk', 'vpn', 'lab'].map((name) => ({ saeId: `${name}-beijing`, site: 'beijing' as const })),
  ...['desk', 'vpn', 'lab'].map((name) => ({ saeId: `${name}-moscow`, site: 'moscow' as const })),
];

/** Pairs that may share keys; no others. */
export const PAIRS: readonly (readonly [string, string])[] = [
  ['desk-beijing', 'desk-moscow'],
  ['vpn-beijing', 'vpn-moscow'],
  ['lab-beijing', 'lab-moscow'],
  ['desk-beijing', 'lab-moscow'],
  ['desk-beijing', 'vpn-beijing'],
  ['desk-moscow', 'lab-moscow'],
];

const PROOF = 'lim2014';

function policy(): Policy {
  const rule = { maxRelays: 1, epsSec: 1e-6, epsCor: 1e-6, proofs: [PROOF, 'local'], simulated: true };
  const rules = PAIRS.map((between) => ({ between, ...rule }));
  return readPolicy(new TextEncoder().encode(JSON.stringify({ format: 'skykey-policy/1', rules })));
}

/** One block of a link's key, as a session leaves it at both ends. */
interface Session {
  readonly blockId: string;
  readonly labels: BlockLabels;
  readonly bytes: Uint8Array;
  readonly at: readonly number[];
}

const SESSION_CUTS = [512, 512, 15_360];
const SESSION_BYTES = SESSION_CUTS.reduce((sum, bytes) => sum + bytes, 0);
/** Below this a direction between the sites gets more. */
const LOW_BYTES = 4_096;
/** And below so many pads for what it says: without them nothing can be assigned. */
const LOW_PADS = 32;
/** Joined blocks that wait at a site for the other's confirmation. */
const MOST_WAITING = 8;

/** Chances per million places where a process may die, and how often other things happen, one in so many milliseconds. */
export interface Weather {
  readonly deathsPerMillion: number;
  readonly partMs: number;
  readonly jumpMs: number;
  readonly stallMs: number;
  readonly cutPerMillion: number;
  readonly cutCommitPerMillion: number;
}

export const STORM: Weather = {
  ...{ deathsPerMillion: 2_000, partMs: 8_000, jumpMs: 6_000, stallMs: 8_000 },
  ...{ cutPerMillion: 1_000, cutCommitPerMillion: 8_000 },
};

export interface WorldOptions {
  readonly seed: number;
  readonly store: StoreName;
  /** Folder for files and sockets. */
  readonly folder: string;
  readonly server?: PostgresServer;
  readonly weather?: Weather;
  /** A planted fault: alters what a process does, each time it has started. */
  readonly plant?: (life: Life, random: Random) => void;
  /** A planted fault: from time to time a process that died finds an old copy of its vault. */
  readonly restoresBackups?: boolean;
}

/** Two sites and a satellite: processes, disks, clocks and lines, all of which fail; and key that the links make meanwhile. */
export class World {
  readonly clockwork: Clockwork;
  readonly network: Network;
  readonly machines: Machine[] = [];
  readonly origins = new Map<string, Origin>();
  /** What must never happen and is no matter of the history. */
  readonly faults: string[] = [];
  readonly deaths = new Map<Point, number>();
  readonly counts = { deaths: 0, parts: 0, jumps: 0, stalls: 0, sessions: 0, restored: 0 };
  readonly #options: WorldOptions;
  readonly #folder: string;
  readonly #random: Random;
  readonly #light: (bytes: number) => Uint8Array;
  readonly #policy = policy();
  readonly #offsets = new Map<string, number>();
  readonly #sessions = new Map<Site, Session[]>(SITES.map((site) => [site, []]));
  /** Sessions that a node has taken in, by node and site of the link. */
  readonly #taken = new Map<string, number>();
  /** The latest time that an alarm may carry: what links make is made later, or it would be refused. */
  #alarmMs = 0;
  readonly #lines: CutLine[] = [];
  readonly #fillers = new Map<string, Vault>();
  readonly #disks = new Map<string, SqliteDisk>();
  #isCalm = true;
  #isOver = false;
  #uuids = 0;
  #streams = 0;

  static async open(options: WorldOptions): Promise<World> {
    const world = new World(options);
    try {
      await world.#begin();
    } catch (error) {
      await world.close();
      throw error;
    }
    return world;
  }

  private constructor(options: WorldOptions) {
    this.#options = options;
    this.#folder = mkdtempSync(join(options.folder, 'skykey-chaos-'));
    this.#random = this.stream();
    this.#light = this.#bytes();
    this.clockwork = new Clockwork(options.store === 'postgres' ? 12 : 0);
    this.network = new Network(this.clockwork, this.stream(), (node) => this.anyOf(node));
  }

  /** Random numbers that nobody else draws from. */
  stream(): Random {
    return seededRandom(this.#options.seed, ++this.#streams);
  }

  clockMs(node: string): number {
    return START_MS + this.clockwork.nowMs + (this.#offsets.get(node) ?? 0);
  }

  /** A process of a node that answers now. */
  anyOf(node: string): Life | undefined {
    const lives = this.machines.filter((machine) => machine.node === node).flatMap(({ serving }) => serving ?? []);
    return lives[Math.floor(this.#random.uniform() * lives.length)];
  }

  uuid(): string {
    return `${(++this.#uuids).toString(16).padStart(8, '0')}-0000-4000-8000-00000000cafe`;
  }

  /** Before an alarm is raised at a node. */
  expectAlarm(): void {
    this.#alarmMs = Math.max(this.#alarmMs, START_MS + this.clockwork.nowMs + CLOCK_ERROR_MS + TICK_MS);
  }

  // Beginning and end

  async #begin(): Promise<void> {
    const { store, server } = this.#options;
    for (const site of SITES) {
      if (store === 'sqlite') this.#add(site, site, this.#sqliteDisk(site));
      else await this.#addOnPostgres(site, server!);
    }
    this.#add(RELAY, RELAY, this.#sqliteDisk(RELAY));
    await this.clockwork.hold(Promise.all(this.machines.map((machine) => machine.start())));
    for (const site of SITES) await this.#session(site);
    for (const machine of this.machines) this.#beat(machine, 0);
    this.#replenish();
    for (const act of [() => this.#part(), () => this.#jump(), () => this.#stall()]) act();
    // Until the first key is there nothing fails: a network without any cannot even say so.
    await this.clockwork.run(() => this.clockwork.nowMs > 5_000);
  }

  /** From now on everything fails now and then. */
  unleash(): void {
    this.#isCalm = false;
    const { cutPerMillion, cutCommitPerMillion } = this.#weather;
    this.network.faults = { lost: 0.02, doubled: 0.02, late: 0.02, mangled: 0.005 };
    for (const line of this.#lines) line.rates = { anywhere: cutPerMillion / 1e6, atCommit: cutCommitPerMillion / 1e6 };
  }

  /** From now on nothing fails any more. */
  calm(): void {
    this.#isCalm = true;
    this.network.heal();
    this.network.faults = NO_FAULTS;
    for (const line of this.#lines) line.rates = { anywhere: 0, atCommit: 0 };
    for (const machine of this.machines) if (machine.life) machine.life.isStalled = false;
  }

  get cuts(): { readonly connections: number; readonly commits: number } {
    const sum = (of: (line: CutLine) => number): number => this.#lines.reduce((total, line) => total + of(line), 0);
    return { connections: sum(({ cuts }) => cuts), commits: sum(({ cutCommits }) => cutCommits) };
  }

  async close(): Promise<void> {
    this.#isOver = true;
    await this.clockwork.run(() => true);
    for (const machine of this.machines) await machine.stop();
    for (const vault of this.#fillers.values()) await vault.close();
    for (const line of this.#lines) await line.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #weather(): Weather {
    return this.#options.weather ?? STORM;
  }

  // Processes

  #sqliteDisk(node: string): SqliteDisk {
    const disk = new SqliteDisk(join(this.#folder, `${node}.db`), new DiskKeyring(this.#bytes()));
    this.#disks.set(node, disk);
    return disk;
  }

  async #addOnPostgres(site: Site, server: PostgresServer): Promise<void> {
    // Names of vaults are alike in every world; the database is not emptied between them.
    const name = `w${this.#folder
      .replace(/.*-/, '')
      .toLowerCase()
      .replace(/[^a-z0-9]/g, '')}_${this.#options.seed}_${site}`;
    const keyring = new DiskKeyring(this.#bytes());
    const connection = `postgres://skykey@/postgres?host=${encodeURIComponent(server.socketPath.replace(/\/[^/]*$/, ''))}`;
    const place = { kind: 'postgres' as const, connection, name, connections: 1 };
    const common = { keyring, now: () => this.clockMs(site), random: this.#bytes(), leaseMs: LEASE_MS };
    this.#fillers.set(site, await Vault.open({ store: place, processId: 'filler', ...common }));
    for (const number of [1, 2]) {
      const line = await CutLine.open(server.socketPath, this.stream());
      this.#lines.push(line);
      this.#add(`${site}-${number}`, site, new PostgresDisk(line, name, keyring));
    }
  }

  #add(name: string, node: string, disk: SqliteDisk | PostgresDisk): void {
    const random = this.stream();
    const { plant } = this.#options;
    const machine: Machine = new Machine({
      ...{ name, node, disk, clockwork: this.clockwork, leaseMs: LEASE_MS, random: this.#bytes() },
      now: () => this.clockMs(node),
      serve: (life) => this.#serve(life),
      dies: (point) => {
        if (this.#isCalm || random.uniform() * 1e6 >= this.#weather.deathsPerMillion) return false;
        this.deaths.set(point, (this.deaths.get(point) ?? 0) + 1);
        this.counts.deaths++;
        return true;
      },
      downMs: () => {
        this.#restore(disk);
        return 200 + random.uniform() * 2_000;
      },
      onFault: (text) => void this.faults.push(text),
      ...(plant && { plant: (life: Life) => plant(life, random) }),
    });
    this.machines.push(machine);
  }

  #serve(life: Life): Serving {
    const { node } = life.machine;
    const peers = [...SITES, RELAY]
      .filter((other) => other !== node)
      .map((other) => ({ node: other, link: this.network.link(life, other) }));
    const now = (): number => this.clockMs(node);
    const uuid = (): string => this.uuid();
    if (node === RELAY) {
      const [left, right] = SITES.map((site) => ({ node: site, way: DIRECT }));
      const plan = { joins: [{ left: left!, right: right! }], combinations: [] };
      return { exchange: new Exchange({ vault: life.vault, self: node, peers, uuid, now, plan }) };
    }
    const draw = this.#bytes();
    const kme = new Kme({
      kmeId: `kme-${node}`,
      kmes: SITES.map((siteId) => ({ kmeId: `kme-${siteId}`, siteId })),
      saes: SAES.map(({ saeId, site }) => ({ saeId, kmeId: `kme-${site}` })),
      ...{ policy: this.#policy, peers, vault: life.vault, uuid, now, keyTtlMs: KEY_TTL_MS },
      random: (bytes) => this.#remember(draw(bytes), undefined),
    });
    return { exchange: kme.exchange, kme };
  }

  #beat(machine: Machine, round: number): void {
    if (this.#isOver) return;
    void machine.tick(round);
    this.clockwork.after(TICK_MS * (0.9 + 0.2 * this.#random.uniform()), () => this.#beat(machine, round + 1));
  }

  #restore(disk: SqliteDisk | PostgresDisk): void {
    if (!this.#options.restoresBackups || !(disk instanceof SqliteDisk)) return;
    if (disk.putBack()) this.counts.restored++;
  }

  /** For the planted fault: a backup of every file, as it is now. */
  keepBackups(): void {
    for (const disk of this.#disks.values()) disk.keep();
  }

  // What fails

  /** Does something about once in `meanMs`, while there is bad weather. */
  #often(meanMs: number, act: () => void, again: () => void): void {
    if (this.#isOver) return;
    if (!this.#isCalm) act();
    this.clockwork.after(-Math.log(1 - this.#random.uniform()) * meanMs, again);
  }

  #part(): void {
    const act = (): void => {
      const nodes = [...SITES, RELAY];
      const [apart] = nodes.splice(Math.floor(this.#random.uniform() * nodes.length), 1);
      this.counts.parts++;
      for (const other of nodes) {
        if (this.#random.uniform() < 0.6) this.network.part(apart!, other, 500 + this.#random.uniform() * 5_000);
      }
    };
    this.#often(this.#weather.partMs, act, () => this.#part());
  }

  #jump(): void {
    const act = (): void => {
      const nodes = [...SITES, RELAY];
      this.counts.jumps++;
      this.#offsets.set(
        nodes[Math.floor(this.#random.uniform() * nodes.length)]!,
        Math.round((2 * this.#random.uniform() - 1) * CLOCK_ERROR_MS),
      );
    };
    this.#often(this.#weather.jumpMs, act, () => this.#jump());
  }

  /** A process that lives and does not come to its heartbeat: its lease ends while it waits for a peer. */
  #stall(): void {
    const act = (): void => {
      const life = this.machines[Math.floor(this.#random.uniform() * this.machines.length)]?.serving;
      if (!life) return;
      this.counts.stalls++;
      life.isStalled = true;
      this.clockwork.after(LEASE_MS * (1 + this.#random.uniform()), () => {
        life.isStalled = false;
      });
    };
    this.#often(this.#weather.stallMs, act, () => this.#stall());
  }

  // Key of the links

  #bytes(): (bytes: number) => Uint8Array {
    const random = this.stream();
    return (bytes) => {
      const words = Uint32Array.from({ length: Math.ceil(bytes / 4) }, () => random.uint32());
      return new Uint8Array(words.buffer, 0, bytes).slice();
    };
  }

  #remember(bytes: Uint8Array, origin: Origin | undefined): Uint8Array {
    const from: Origin = origin ?? { link: undefined, createdAtMs: Number.POSITIVE_INFINITY };
    const hex = Buffer.from(bytes).toString('hex');
    for (let i = 0; i < hex.length; i += 32) this.origins.set(hex.slice(i, i + 32), from);
    return bytes;
  }

  #replenish(): void {
    if (this.#isOver) return;
    void this.#shine()
      .catch((error) => void this.faults.push(`the links bring no key: ${sentence(error)}`))
      .then(() => this.clockwork.after(TICK_MS, () => this.#replenish()));
  }

  async #shine(): Promise<void> {
    for (const site of SITES) await this.#sync(site);
    if (await this.#isLow()) for (const site of SITES) await this.#session(site);
  }

  /** Whether the sites need key; not while much of it waits to be confirmed already. */
  async #isLow(): Promise<boolean> {
    for (const site of SITES) {
      const other = SITES.find((one) => one !== site)!;
      const isLow = await this.#at(site, (atomically) =>
        atomically(async (tx) => {
          const isPoor =
            (await tx.available(keyLane(site, other, RELAY))) < LOW_BYTES ||
            (await tx.pads(peerLane(site, other)).left()) < LOW_PADS;
          return isPoor && (await tx.held()).length < MOST_WAITING;
        }),
      );
      if (isLow) return true;
    }
    return false;
  }

  /** A transaction that nothing disturbs; undefined when the node is down, or has died meanwhile. */
  async #at<T>(node: string, work: (vault: Vault['atomically']) => Promise<T>): Promise<T | undefined> {
    const filler = this.#fillers.get(node);
    if (filler) return this.clockwork.hold(work(filler.atomically.bind(filler)));
    const life = this.machines.find((machine) => machine.node === node)?.serving;
    if (!life) return undefined;
    const result = await this.clockwork.hold(work(life.undisturbed));
    return life.isAlive ? result : undefined;
  }

  /** New key of a link, when both its ends are there. */
  async #session(site: Site): Promise<void> {
    const sessions = this.#sessions.get(site)!;
    const isBehind = [site, RELAY].some((node) => (this.#taken.get(`${node} ${site}`) ?? 0) < sessions.length);
    if (isBehind || ![site, RELAY].every((node) => this.machines.some((each) => each.node === node && each.serving)))
      return;
    const number = sessions.length;
    const link = `${RELAY}-${site}`;
    const createdAtMs = Math.max(START_MS + this.clockwork.nowMs, this.#alarmMs + 1);
    const labels: BlockLabels = {
      ...{ originLinks: [link], routes: [[RELAY, site]], jurisdictions: ['ORBIT', site === 'beijing' ? 'CN' : 'RU'] },
      ...{ epsSec: 1e-9, epsCor: 1e-15, proof: PROOF, simulated: true, createdAtMs, expiresAtMs: null },
    };
    const bytes = this.#remember(this.#light(SESSION_BYTES), { link, createdAtMs });
    sessions.push({
      blockId: `session:${link}:${number}`,
      labels,
      bytes,
      at: SESSION_CUTS.map((size) => size * number),
    });
    this.counts.sessions++;
    await this.#sync(site);
  }

  /** Both ends take in what the link has made; one that was down, later. */
  async #sync(site: Site): Promise<void> {
    const lanes = [peerLane(RELAY, site), peerLane(site, RELAY), keyLane(RELAY, site, DIRECT)];
    for (const node of [site, RELAY]) {
      const name = `${node} ${site}`;
      const sessions = this.#sessions.get(site)!;
      for (let number = this.#taken.get(name) ?? 0; number < sessions.length; number++) {
        const { blockId, labels, bytes, at } = sessions[number]!;
        const isTaken = await this.#at(node, async (atomically) => {
          try {
            await atomically(async (tx) => {
              if (await tx.block(blockId)) return;
              await tx.hold({ blockId, labels, bytes: SecretBytes.adopt(bytes.slice()) });
              let from = 0;
              const cuts = lanes.map((lane, i) => {
                const cut = { lane, from, to: from + SESSION_CUTS[i]!, at: at[i]! };
                from = cut.to;
                return cut;
              });
              await tx.release(blockId, cuts);
            });
          } catch (error) {
            // An alarm came between: this end has a gap there.
            if (!(error instanceof VaultError && error.code === 'vault/poisoned')) {
              this.faults.push(`key of ${blockId} at ${node}: ${sentence(error)}`);
            }
          }
          return true;
        });
        if (!isTaken) break;
        this.#taken.set(name, number + 1);
      }
    }
  }
}
