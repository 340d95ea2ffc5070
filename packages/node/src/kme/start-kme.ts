/**
 * A key manager with all its interfaces: the core of @skykey/kme on a vault, its lines to the other KMEs, its servers, its
 * tick. What decides is in the core; here it meets sockets, files and the clock.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import {
  answer014,
  type Etsi020,
  type JoinPlan,
  type KeyStreams,
  Kme,
  type Limits,
  type PeerLink,
  type Policy,
  plannedRoutes,
  relayPlanOf,
  SdnEvents,
  SdnFeed,
} from '@skykey/kme';
import type { Vault } from '@skykey/vault';
import type { Logger } from 'pino';
import { NodeError } from '../error.ts';
import { listenLocally } from '../wire/http.ts';
import { Attendance } from './attendance.ts';
import type { KmeConfiguration } from './configuration.ts';
import { ConsumerEvents, EVENTS_PATH } from './consumer-events.ts';
import { couriersOf } from './courier.ts';
import { Doors, messageOf } from './doors.ts';
import { ForeignKeys } from './foreign-keys.ts';
import { GuardedKeys } from './guarded-keys.ts';
import { LivePolicy, loadPolicy } from './live-policy.ts';
import type { KmeMetrics } from './metrics.ts';
import type { NetworkFile } from './network-file.ts';
import { type Check, kmeOperations } from './operations.ts';
import { HELLO_PATH, KME_PATH, PeerKmes } from './peer-kmes.ts';
import { readJournal, readStock, type Stock } from './readings.ts';
import { sdnView } from './sdn-view.ts';
import { holdStreams, serve004 } from './serve-004.ts';
import { serve020 } from './serve-020.ts';
import { serveSkip } from './serve-skip.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const TICK_MS = 500;
/** Once a second: streams, foreign systems, the model; what was overwritten leaves the log of the store. */
const SECOND_MS = 1_000;
const HEARTBEAT_MS = 10_000;
const ROTATE_MS = 3_600_000;
/** A frame of the core and its answer, with room. */
const MAX_FRAME_BYTES = 700 * 1024;
const READY_LIMIT_MS = 2_000;
const END_LIMIT_MS = 5_000;
const TICK_LIMIT_MS = 1_000;
/** Combined key that is kept ready for each pair of sites. */
const COMBINED_BYTES = 64 * 1024;
/** Of a body of dec_keys: a key id with whatever members a client adds. */
const BODY_PER_KEY_ID = 1024;

export interface StartKmeOptions
  extends Pick<KmeConfiguration, 'listen' | 'tls' | 'identity' | 'staleList' | 'skip' | 'etsi020'> {
  readonly kmeId: string;
  readonly network: NetworkFile;
  /** Read at start, and again by `reload`. */
  readonly policyFile: string;
  readonly vault: Vault;
  /** Whether other processes serve the same vault. */
  readonly shared: boolean;
  /** Of this process, as the vault knows it. */
  readonly processId: string;
  readonly metrics: KmeMetrics;
  readonly log: Logger;
  /** Lines to nodes that have no KME: satellites. */
  readonly nodes?: readonly { readonly node: string; readonly link: PeerLink }[];
  readonly limits?: Partial<Limits>;
  readonly keyTtlMs?: number;
  /** Runs when nothing can refuse the start any more, before the first key: for what can be taken in once only. */
  readonly takeIn?: () => Promise<void>;
  /** UTC, milliseconds. Default: this machine's clock. */
  readonly now?: () => number;
}

export interface RunningKme {
  readonly kme: Kme;
  /** Where it listens. */
  readonly ports: Readonly<Record<string, number>>;
  /**
   * Reads policy, certificates and revocation lists again. What is broken is refused and the old stays; returns those
   * sentences.
   */
  reload(): Promise<string[]>;
  /** Takes nothing more, finishes what is under way (5 s at most), closes the servers. The vault is its owner's to close. */
  stop(): Promise<void>;
}

/** Throws NodeError, KmeError or VaultError with the field and the remedy; then nothing is left running. */
export async function startKme(options: StartKmeOptions): Promise<RunningKme> {
  const running = new KmeProcess(options);
  try {
    await running.start();
  } catch (error) {
    await running.stop();
    throw error;
  }
  return running;
}

class KmeProcess implements RunningKme {
  kme!: Kme;
  readonly #options: StartKmeOptions;
  readonly #now: () => number;
  readonly #policy: LivePolicy;
  readonly #attendance: Attendance;
  readonly #doors: Doors;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #siteOf: ReadonlyMap<string, string>;
  readonly #events: SdnEvents;
  #peers!: PeerKmes;
  #keys!: GuardedKeys;
  #consumers: ConsumerEvents | undefined;
  #foreign!: ForeignKeys;
  #etsi020: Etsi020 | undefined;
  #streams: KeyStreams | undefined;
  #feed!: SdnFeed;
  #sinceMs = 0;
  #secondMs = 0;
  #ticking: Promise<void> | undefined;
  #soon: NodeJS.Immediate | undefined;
  #alarmed: ReadonlySet<string> = new Set();
  #waiting: ReadonlyMap<string, string> = new Map();
  #said = new Set<string>();
  #stopping: Promise<void> | undefined;

  constructor(options: StartKmeOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#attendance = new Attendance(options.metrics, options.log);
    this.#doors = new Doors({ ...options, host: options.listen.host });
    const { kmes, saes } = options.network;
    const siteOfKme = new Map(kmes.map(({ kmeId, siteId }) => [kmeId, siteId]));
    this.#siteOf = new Map(saes.map(({ saeId, kmeId }) => [saeId, siteOfKme.get(kmeId) ?? '']));
    this.#events = new SdnEvents({ run: randomUUID().replaceAll('-', ''), nowMs: this.#now });
    this.#policy = new LivePolicy(loadPolicy(options.policyFile));
  }

  async start(): Promise<void> {
    const { vault, log } = this.#options;
    const plans = this.#plansOf(this.#policy.current);
    const clients = await this.#doors.lines(this.#options.tls.kmes, MAX_FRAME_BYTES);
    const { kmes } = this.#options.network;
    const others = kmes.flatMap(({ kmeId, siteId, peerUrl }) =>
      kmeId !== this.#options.kmeId && peerUrl !== undefined ? [{ kmeId, siteId, url: peerUrl }] : [],
    );
    this.#peers = new PeerKmes({
      ...{ peers: others, clients, now: this.#now },
      couriers: (siteId) => couriersOf(vault, siteId),
      onChange: ({ kmeId, problem }) => {
        if (problem === null) log.info({ peer: kmeId }, 'the other key manager is there');
        else log.warn({ peer: kmeId }, problem);
      },
    });
    this.kme = this.#core(others, plans);
    this.#sinceMs = this.#now();
    await this.#voidAbandoned();
    this.#foreign = new ForeignKeys({
      ...{ vault, registry: this.kme.registry, policy: this.#policy, topology: this.#options.network.topology },
      ...{ uuid: randomUUID, random: secretBytes, now: this.#now, pause },
      alarms: () => this.kme.alarms(),
    });
    this.#keys = new GuardedKeys({
      keys: this.kme.keys,
      siteId: this.kme.registry.siteId,
      siteOf: (saeId) => this.#siteOf.get(saeId),
      problem: (siteId) => this.#peers.problem(siteId),
      foreign: (slave) => {
        const etsi020 = this.#etsi020;
        const abroad = etsi020?.to(this.kme.registry.kmeOf(slave) ?? '');
        return abroad && ((demand) => this.#foreign.send(demand, etsi020!));
      },
      onDelivered: (keys) => this.#options.metrics.delivered(keys, this.kme.registry.siteId),
    });
    this.#consumers = this.#consumerEvents();
    this.#feed = new SdnFeed(this.#events, this.#view(await this.#stock()));
    await this.#serve014();
    await this.#servePeers();
    await this.#serveOthers();
    await this.#serveOperations();
    await this.#options.takeIn?.();
    this.#begin();
    // Whoever is there is known before the first key is asked for.
    await this.#peers.lookAround();
  }

  #core(others: readonly { readonly siteId: string }[], plans: readonly JoinPlan[]): Kme {
    const { kmeId, network, vault, limits, keyTtlMs, nodes = [] } = this.#options;
    const peers = [...others.map(({ siteId }) => ({ node: siteId, link: this.#peers.link(siteId) })), ...nodes];
    const siteId = network.kmes.find((kme) => kme.kmeId === kmeId)?.siteId ?? '';
    const plan = relayPlanOf(siteId, plans, COMBINED_BYTES);
    const deaf = plan.joins
      .flatMap(({ left, right }) => [left.node, right.node])
      .find((end) => !peers.some(({ node }) => node === end));
    if (deaf !== undefined)
      this.#options.log.warn(`this site is to join key of ${deaf} and has no line to it: those ways stay empty`);
    return new Kme({
      ...{ kmeId, kmes: network.kmes, saes: network.saes, policy: this.#policy, peers, vault, plan },
      ...{ uuid: randomUUID, random: secretBytes, now: this.#now },
      ...(limits && { limits }),
      ...(keyTtlMs !== undefined && { keyTtlMs }),
      likeness: (nodeId, by) => network.topology.likeness(nodeId, by),
      onChange: () => this.#tickSoon(),
      onAlarm: (alarm) => this.#consumers?.alarm(alarm),
    });
  }

  #consumerEvents(): ConsumerEvents {
    const { vault, shared } = this.#options;
    const { registry, limits } = this.kme;
    return new ConsumerEvents({
      ...{ vault, shared, now: this.#now, policy: this.#policy, siteId: registry.siteId, keyBytes: limits.keySize / 8 },
      ...{ run: randomUUID().replaceAll('-', ''), keys: this.#keys, alarms: () => this.kme.alarms() },
      isLocal: (saeId) => registry.isLocal(saeId),
      siteOf: (saeId) => this.#siteOf.get(saeId),
    });
  }

  /** Throws NodeError `node/policy` for a rule that the network cannot keep. */
  #plansOf(policy: Policy): readonly JoinPlan[] {
    const { network, policyFile } = this.#options;
    const { plans, unreachable } = plannedRoutes({
      ...{ policy, topology: network.topology, siteOf: this.#siteOf, nowMs: this.#now() },
    });
    const [first] = unreachable;
    if (first)
      throw new NodeError('node/policy', `${policyFile}: ${first.rule} cannot be kept in this network: ${first.why}`);
    return plans;
  }

  get ports(): Readonly<Record<string, number>> {
    return this.#doors.ports;
  }

  // Interfaces

  async #serve014(): Promise<void> {
    const { listen, tls } = this.#options;
    const { limits, registry } = this.kme;
    const events = this.#consumers!;
    const scene = { keys: events.watching(this.#keys), limits, isLocal: (saeId: string) => registry.isLocal(saeId) };
    const bodyBytes = Math.max(64 * 1024, limits.maxKeyPerRequest * BODY_PER_KEY_ID);
    await this.#doors.serve('etsi014', {
      ...{ port: listen.etsi014, what: 'ETSI GS QKD 014', tls: tls.saes, role: 'sae', bodyLimit: () => bodyBytes },
      answer: ({ peerId, ...request }) => {
        const told = { caller: peerId, method: request.method, path: request.path };
        if (request.path === EVENTS_PATH)
          return this.#attendance.http('etsi014', told, () => events.answer({ peerId, ...request }));
        return this.#attendance.http('etsi014', told, () => answer014({ saeId: peerId, ...request }, scene));
      },
    });
  }

  async #servePeers(): Promise<void> {
    const { listen, tls } = this.#options;
    const known = new Set(this.#peers.states().map(({ kmeId }) => kmeId));
    await this.#doors.serve('peers', {
      ...{ port: listen.peers, what: 'the lines to other key managers', tls: tls.kmes, role: 'kme' },
      bodyLimit: () => MAX_FRAME_BYTES,
      answer: ({ peerId, method, path, body }) =>
        this.#attendance.http('peer', { caller: peerId, method, path }, async () => {
          if (peerId === null || !known.has(peerId)) return { status: 401 };
          if (method !== 'POST') return { status: 405, headers: { Allow: 'POST' } };
          if (path === KME_PATH) return { status: 200, body: await this.kme.handlePeer(body) };
          if (path !== HELLO_PATH) return { status: 404 };
          const hello = await this.#peers.answer(peerId, body);
          return hello ? { status: 200, body: JSON.stringify(hello) } : { status: 400 };
        }),
    });
  }

  async #serveOthers(): Promise<void> {
    const { listen, tls, vault, log, processId, skip, etsi020 } = this.#options;
    const common = { doors: this.#doors, attendance: this.#attendance, keys: this.#keys, vault, log, now: this.#now };
    if (etsi020 && listen.etsi020 !== undefined) {
      const scene = { etsi020, port: listen.etsi020, tls: tls.kmes, foreign: this.#foreign };
      this.#etsi020 = await serve020({ ...common, ...scene, onChange: () => this.#tickSoon() });
    }
    if (skip && listen.skip) {
      const isLocal = (saeId: string): boolean => this.kme.registry.isLocal(saeId);
      await serveSkip({ ...common, skip, listen: listen.skip, tls: tls.saes, isLocal });
    }
    if (listen.etsi004 !== undefined) {
      const scene = { port: listen.etsi004, tls: tls.saes, processId, random: secretBytes, policy: this.#policy };
      this.#streams = await serve004({ ...common, ...scene, words: this.kme.words });
    }
  }

  async #serveOperations(): Promise<void> {
    const { log, metrics, listen, vault } = this.#options;
    const own = (link: string): boolean => {
      const { siteId } = this.kme.registry;
      return this.#options.network.topology.links.some(({ id, ends }) => id === link && ends.includes(siteId));
    };
    const operations = kmeOperations({
      log,
      events: this.#events,
      node: () => this.#feed.node,
      readiness: () => this.#readiness(),
      contentType: metrics.registry.contentType,
      metrics: async () => {
        const { stock, pads, alarms, counters } = await this.#stock();
        const ready = (await this.#readiness()).every(({ ok }) => ok);
        const { voidedKeys, poisonedBits } = counters;
        return metrics.text({ stock, pads, alarms, peers: this.#peers.states(), voidedKeys, poisonedBits, ready });
      },
      state: async () => ({
        ...{ kmeId: this.kme.registry.kmeId, siteId: this.kme.registry.siteId, version, sinceMs: this.#sinceMs },
        ports: this.ports,
        peers: this.#peers.states(),
        ...(await this.#stock()),
        waiting: Object.fromEntries(this.#waiting),
        journal: await readJournal(vault, 50),
      }),
      alarms: () => this.kme.alarms(),
      raiseAlarm: async (link, reason) => {
        if (!own(link)) return null;
        const report = await this.kme.raiseAlarm(link, reason);
        await this.#tick();
        return report;
      },
      reopen: async (link) => {
        if (!own(link)) return null;
        const had = await this.kme.reopen(link);
        await this.#tick();
        return had ? 'reopened' : 'none';
      },
      rotate: () => vault.rotate(),
    });
    const port = await listenLocally(operations.server, listen.operations, 'the operations of the key manager');
    this.#doors.add('operations', port, operations);
  }

  /** Whether it is worth sending applications here. */
  async #readiness(): Promise<Check[]> {
    const peers = this.#peers.states();
    const usable = peers.filter(({ problem }) => problem === null);
    const first = peers.find(({ problem }) => problem !== null);
    const written = await Promise.race([
      this.#options.vault.heartbeat().then(() => '', messageOf),
      pause(READY_LIMIT_MS, `it took longer than ${READY_LIMIT_MS / 1000} s`, { ref: false }),
    ]);
    return [
      {
        name: 'vault',
        ok: written === '',
        why: written === '' ? 'the vault takes writes' : `the vault takes no writes: ${written}`,
      },
      {
        name: 'peers',
        ok: peers.length === 0 || usable.length > 0,
        why: `keys can be made with ${usable.length} of ${peers.length} sites${first ? `; ${first.problem}` : ''}`,
      },
      {
        name: 'running',
        ok: this.#stopping === undefined,
        why: this.#stopping ? 'it is ending' : 'requests are answered',
      },
    ];
  }

  // Time

  #begin(): void {
    this.#timers.push(
      setInterval(() => void this.#tick(), TICK_MS),
      setInterval(() => void this.#keep('the lease of this process', () => this.#heartbeat()), HEARTBEAT_MS),
      setInterval(() => void this.#keep('the rotation of the vault', () => this.#rotate()), ROTATE_MS),
    );
  }

  #tickSoon(): void {
    this.#soon ??= setImmediate(() => {
      this.#soon = undefined;
      void this.#tick();
    });
  }

  /** Whoever calls while one runs waits for that one. Never rejects. */
  #tick(): Promise<void> {
    this.#ticking ??= this.#keep('a tick', () => this.#doTick()).finally(() => {
      this.#ticking = undefined;
    });
    return this.#ticking;
  }

  async #doTick(): Promise<void> {
    if (this.#stopping) return;
    const { waiting } = await this.kme.flush();
    for (const [node, why] of waiting) {
      if (this.#waiting.get(node) !== why) this.#options.log.info({ node }, `something waits: ${why}`);
    }
    this.#waiting = waiting;
    await this.#followAlarms();
    await this.#consumers?.follow();
    const nowMs = performance.now();
    if (nowMs - this.#secondMs < SECOND_MS) return;
    this.#secondMs = nowMs;
    // Peers that do not answer must not hold the tick up.
    void this.#peers.lookAround();
    await this.#consumers?.followStock();
    await this.#etsi020?.tick();
    await this.#streams?.tick();
    this.#feed.observe(this.#view(await this.#stock()));
    await this.#options.vault.scrub();
  }

  async #followAlarms(): Promise<void> {
    const alarms = await this.kme.alarms();
    const names = new Set(alarms.map(({ link, foundBy }) => `${link} (${foundBy})`));
    for (const { link, foundBy, reason } of alarms) {
      if (!this.#alarmed.has(`${link} (${foundBy})`))
        this.#options.log.error({ link, foundBy, reason }, 'alarm on a quantum link');
    }
    for (const name of this.#alarmed) if (!names.has(name)) this.#options.log.info(`the alarm on ${name} is over`);
    this.#alarmed = names;
  }

  async #heartbeat(): Promise<void> {
    await this.#options.vault.heartbeat();
    if (this.#streams)
      await holdStreams({ vault: this.#options.vault, processId: this.#options.processId, now: this.#now });
    await this.#voidAbandoned();
  }

  /** What a process that died had reserved nobody shall have. */
  async #voidAbandoned(): Promise<void> {
    if (this.#options.shared) await this.#options.vault.atomically((tx) => tx.keys.voidAbandoned());
  }

  /** Of several processes on one vault one is enough in an hour. */
  async #rotate(): Promise<void> {
    const { vault, shared } = this.#options;
    const due = await vault.atomically(async (tx) => {
      const last = ((await tx.recall('rotation')) as { atMs: number } | undefined)?.atMs ?? 0;
      if (shared && this.#now() - last < ROTATE_MS / 2) return false;
      await tx.remember('rotation', { atMs: this.#now() });
      return true;
    });
    if (due) await vault.rotate();
    await this.#etsi020?.sweep();
  }

  /** Says once what fails, and again when it has failed otherwise or has worked meanwhile. */
  async #keep(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#said.delete(what);
    } catch (error) {
      if (this.#said.has(what) || this.#stopping) return;
      this.#said.add(what);
      this.#options.log.error({ reason: messageOf(error) }, `${what} failed; it is tried again`);
    }
  }

  // Readings

  #stock(): Promise<Stock> {
    const sites = [
      ...this.#peers.states().map(({ siteId }) => siteId),
      ...(this.#options.nodes ?? []).map(({ node }) => node),
    ];
    return readStock(this.#options.vault, this.kme, sites);
  }

  #view({ alarms, stock }: Stock) {
    const { network } = this.#options;
    const { siteId } = this.kme.registry;
    return sdnView({ siteId, version, network, policy: this.#policy.current, alarms, stock, sinceMs: this.#sinceMs });
  }

  // Change and end

  async reload(): Promise<string[]> {
    const { log, policyFile, network, kmeId } = this.#options;
    const refused: string[] = [];
    const refuse = (what: string, error: unknown): void => {
      refused.push(messageOf(error));
      log.error({ reason: messageOf(error) }, `${what} was refused; the old stays in force`);
    };
    try {
      const policy = loadPolicy(policyFile);
      const plans = this.#plansOf(policy);
      this.#policy.replace(policy);
      const { siteId } = network.kmes.find((kme) => kme.kmeId === kmeId)!;
      this.kme.exchange.setPlan(relayPlanOf(siteId, plans, COMBINED_BYTES));
    } catch (error) {
      refuse('the policy', error);
    }
    await this.#doors.reload((error) => refuse('a certificate', error));
    log.info({ refused: refused.length }, 'read again: policy, certificates, revocation lists');
    this.#tickSoon();
    return [...new Set(refused)];
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    clearImmediate(this.#soon);
    const left = await this.#attendance.end(END_LIMIT_MS);
    if (left > 0) this.#options.log.warn({ left }, 'requests were not finished in time');
    // A tick that waits for a peer who is away goes on without a vault; what it leaves is done at the next start.
    await Promise.race([this.#ticking, pause(TICK_LIMIT_MS, undefined, { ref: false })]);
    this.#consumers?.close();
    await this.#doors.close();
  }
}

const secretBytes = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));
