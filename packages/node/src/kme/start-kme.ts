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
  type KeyService,
  type KeyStreams,
  Kme,
  type KmeRequest,
  type KmeResponse,
  type Limits,
  type PeerLink,
  type Policy,
  relayPlanOf,
  SdnEvents,
  SdnFeed,
} from '@skykey/kme';
import type { Vault } from '@skykey/vault';
import type { Logger } from 'pino';
import { AlarmLog } from './alarm-log.ts';
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
import { type ContactPlan, KeyOutlook } from './outlook.ts';
import { PeerKmes } from './peer-kmes.ts';
import { readiness } from './readiness.ts';
import { readLinks, readStock, type Stock } from './readings.ts';
import type { Household, Resident } from './resident.ts';
import { Rounds } from './rounds.ts';
import { routesOf } from './routes.ts';
import { sdnView } from './sdn-view.ts';
import { holdStreams, serve004 } from './serve-004.ts';
import { serve020 } from './serve-020.ts';
import { serveOperations } from './serve-operations.ts';
import { servePeers } from './serve-peers.ts';
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
  /** Contacts to come of quantum links, as far as they are known now: asked once a second. */
  readonly contacts?: () => ContactPlan | undefined;
  /** What else lives in this process. Asked for when the core is there and before anybody is let in. */
  readonly resident?: (household: Household) => Promise<Resident>;
  /** Runs when nothing can refuse the start any more, before the first key: for what can be taken in once only. */
  readonly takeIn?: () => Promise<void>;
  /** UTC, milliseconds. Default: this machine's clock. */
  readonly now?: () => number;
  /** What the clocks of two key managers are compared by. Default `now`, which may be a mission's and run ahead by leaps. */
  readonly wallMs?: () => number;
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

class KmeProcess implements RunningKme, Household {
  kme!: Kme;
  readonly #options: StartKmeOptions;
  readonly #now: () => number;
  readonly #policy: LivePolicy;
  readonly #attendance: Attendance;
  readonly #doors: Doors;
  readonly #rounds: Rounds;
  readonly #outlook: KeyOutlook;
  readonly #alarms: AlarmLog;
  readonly #siteOf: ReadonlyMap<string, string>;
  readonly #events: SdnEvents;
  #peers!: PeerKmes;
  #keys!: GuardedKeys;
  #offered!: KeyService;
  #consumers: ConsumerEvents | undefined;
  #foreign!: ForeignKeys;
  #etsi020: Etsi020 | undefined;
  #streams: KeyStreams | undefined;
  #feed!: SdnFeed;
  #resident: Resident | undefined;
  #plans: readonly JoinPlan[] = [];
  #sinceMs = 0;
  #secondMs = 0;
  #waiting: ReadonlyMap<string, string> = new Map();
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
    this.#alarms = new AlarmLog(options.log);
    this.#rounds = new Rounds({ everyMs: TICK_MS, work: () => this.#doTick(), log: options.log });
    const siteId = siteOfKme.get(options.kmeId) ?? '';
    this.#outlook = new KeyOutlook(siteId, options.network.topology);
  }

  async start(): Promise<void> {
    const { vault, log } = this.#options;
    this.#plans = this.#routes(this.#policy.current);
    const clients = await this.#doors.lines(this.#options.tls.kmes, MAX_FRAME_BYTES);
    const { kmes } = this.#options.network;
    const others = kmes.flatMap(({ kmeId, siteId, peerUrl }) =>
      kmeId !== this.#options.kmeId && peerUrl !== undefined ? [{ kmeId, siteId, url: peerUrl }] : [],
    );
    this.#peers = new PeerKmes({
      ...{ peers: others, clients, now: this.#options.wallMs ?? this.#now },
      couriers: (siteId) => couriersOf(vault, siteId),
      links: () => this.#ownLinks(),
      onChange: ({ kmeId, problem }) => {
        if (problem === null) log.info({ peer: kmeId }, 'the other key manager is there');
        else log.warn({ peer: kmeId }, problem);
      },
    });
    this.kme = this.#core(others);
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
    this.#offered = this.#consumers.watching(this.#keys);
    this.#feed = new SdnFeed(this.#events, this.#view(await this.#stock()));
    this.#resident = await this.#options.resident?.(this);
    await this.#serve014();
    await this.#servePeers();
    await this.#serveOthers();
    await this.#serveOperations();
    await this.#options.takeIn?.();
    this.#begin();
    // Whoever is there is known before the first key is asked for.
    await this.#peers.lookAround();
  }

  #core(others: readonly { readonly siteId: string }[]): Kme {
    const { kmeId, network, vault, limits, keyTtlMs, nodes = [] } = this.#options;
    const peers = [...others.map(({ siteId }) => ({ node: siteId, link: this.#peers.link(siteId) })), ...nodes];
    const siteId = network.kmes.find((kme) => kme.kmeId === kmeId)?.siteId ?? '';
    const plan = relayPlanOf(siteId, this.#plans, COMBINED_BYTES);
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
      forecast: (other) => this.#outlook.forecast(other),
      onChange: () => {
        this.#resident?.changed();
        this.#rounds.soon();
      },
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

  #routes(policy: Policy): readonly JoinPlan[] {
    const { network, policyFile } = this.#options;
    return routesOf({ policy, policyFile, topology: network.topology, siteOf: this.#siteOf, nowMs: this.#now() });
  }

  get ports(): Readonly<Record<string, number>> {
    return this.#doors.ports;
  }

  // Interfaces

  async #serve014(): Promise<void> {
    const { listen, tls } = this.#options;
    const bodyBytes = Math.max(64 * 1024, this.kme.limits.maxKeyPerRequest * BODY_PER_KEY_ID);
    await this.#doors.serve('etsi014', {
      ...{ port: listen.etsi014, what: 'ETSI GS QKD 014', tls: tls.saes, role: 'sae', bodyLimit: () => bodyBytes },
      answer: ({ peerId, ...request }) => {
        if (request.path !== EVENTS_PATH) return this.ask({ saeId: peerId, ...request });
        const told = { caller: peerId, method: request.method, path: request.path };
        return this.#attendance.http('etsi014', told, () => this.#consumers!.answer({ peerId, ...request }));
      },
    });
  }

  async ask(request: KmeRequest): Promise<KmeResponse & { readonly holdsKey?: boolean }> {
    const { limits, registry } = this.kme;
    const scene = { keys: this.#offered, limits, isLocal: (saeId: string) => registry.isLocal(saeId) };
    const told = { caller: request.saeId, method: request.method, path: request.path };
    const answer = await this.#attendance.http('etsi014', told, () => answer014(request, scene));
    this.#resident?.changed();
    return answer;
  }

  #servePeers(): Promise<void> {
    return servePeers({
      ...{ doors: this.#doors, attendance: this.#attendance, peers: this.#peers, resident: this.#resident },
      ...{ port: this.#options.listen.peers, tls: this.#options.tls.kmes, maxFrameBytes: MAX_FRAME_BYTES },
      hear: (message) => this.hear(message),
    });
  }

  async hear(message: Uint8Array): Promise<Uint8Array> {
    const answer = await this.kme.handlePeer(message);
    await this.#resident?.heard();
    return answer;
  }

  post(
    siteId: string,
    path: string,
    body: Uint8Array,
  ): Promise<{ readonly status: number; readonly body: Uint8Array }> {
    return this.#peers.post(siteId, path, body);
  }

  async #serveOthers(): Promise<void> {
    const { listen, tls, vault, log, processId, skip, etsi020 } = this.#options;
    const common = { doors: this.#doors, attendance: this.#attendance, keys: this.#keys, vault, log, now: this.#now };
    if (etsi020 && listen.etsi020 !== undefined) {
      const scene = { etsi020, port: listen.etsi020, tls: tls.kmes, foreign: this.#foreign };
      this.#etsi020 = await serve020({ ...common, ...scene, onChange: () => this.#rounds.soon() });
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

  #serveOperations(): Promise<void> {
    const { log, metrics, listen, vault, network } = this.#options;
    return serveOperations({
      ...{ log, metrics, vault, network, kme: this.kme, doors: this.#doors, port: listen.operations, version },
      ...{ sinceMs: this.#sinceMs, events: this.#events, resident: this.#resident },
      node: () => this.#feed.node,
      peers: () => this.#peers.states(),
      stock: () => this.#stock(),
      waiting: () => this.#waiting,
      readiness: () => readiness(vault, this.#peers.states(), this.#stopping !== undefined),
      round: () => this.round(),
    });
  }

  // Time

  #begin(): void {
    this.#rounds.begin([
      { what: 'the lease of this process', everyMs: HEARTBEAT_MS, work: () => this.#heartbeat() },
      { what: 'the rotation of the vault', everyMs: ROTATE_MS, work: () => this.#rotate() },
    ]);
  }

  round(): Promise<void> {
    return this.#rounds.now();
  }

  async #doTick(): Promise<void> {
    if (this.#stopping) return;
    const { waiting } = await this.kme.flush();
    for (const [node, why] of waiting) {
      if (this.#waiting.get(node) !== why) this.#options.log.info({ node }, `something waits: ${why}`);
    }
    this.#waiting = waiting;
    this.#alarms.follow(await this.kme.alarms());
    await this.#resident?.heard();
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
    await this.#lookAhead();
  }

  async #lookAhead(): Promise<void> {
    const { contacts } = this.#options;
    if (!contacts) return;
    const [own, alarms] = await Promise.all([this.#ownLinks(), this.kme.alarms()]);
    await this.#outlook.observe({
      ...{ plan: contacts(), routes: this.#plans, nowMs: this.#now() },
      stock: new Map([...this.#toldLinks(), ...Object.entries(own)]),
      closed: new Set(alarms.map(({ link }) => link)),
    });
  }

  #ownLinks(): Promise<Record<string, number>> {
    return readLinks(this.#options.vault, this.kme.registry.siteId, this.#options.network.topology);
  }

  /** Of links of other sites, each told by one of its ends. */
  #toldLinks(): [string, number][] {
    const { links } = this.#options.network.topology;
    return this.#peers
      .toldLinks()
      .filter(([siteId, link]) => links.some(({ id, ends }) => id === link && ends.includes(siteId)))
      .map(([, link, bits]) => [link, bits]);
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

  // Readings

  #stock(): Promise<Stock> {
    const sites = [
      ...this.#peers.states().map(({ siteId }) => siteId),
      ...(this.#options.nodes ?? []).map(({ node }) => node),
    ];
    return readStock(this.#options.vault, this.kme, sites, this.#options.network.topology);
  }

  #view({ alarms, stock, links }: Stock) {
    const { network } = this.#options;
    const { siteId } = this.kme.registry;
    const scene = {
      siteId,
      version,
      network,
      policy: this.#policy.current,
      alarms,
      stock,
      links,
      outlook: this.#outlook,
    };
    return sdnView({ ...scene, sinceMs: this.#sinceMs });
  }

  // Change and end

  async reload(): Promise<string[]> {
    const { log, policyFile } = this.#options;
    const refused: string[] = [];
    const refuse = (what: string, error: unknown): void => {
      refused.push(messageOf(error));
      log.error({ reason: messageOf(error) }, `${what} was refused; the old stays in force`);
    };
    try {
      const policy = loadPolicy(policyFile);
      const plans = this.#routes(policy);
      this.#policy.replace(policy);
      this.#plans = plans;
      this.kme.exchange.setPlan(relayPlanOf(this.kme.registry.siteId, plans, COMBINED_BYTES));
    } catch (error) {
      refuse('the policy', error);
    }
    await this.#doors.reload((error) => refuse('a certificate', error));
    log.info({ refused: refused.length }, 'read again: policy, certificates, revocation lists');
    this.#rounds.soon();
    return [...new Set(refused)];
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const last = this.#rounds.end();
    const left = await this.#attendance.end(END_LIMIT_MS);
    if (left > 0) this.#options.log.warn({ left }, 'requests were not finished in time');
    // A tick that waits for a peer who is away goes on without a vault; what it leaves is done at the next start.
    await Promise.race([last, pause(TICK_LIMIT_MS, undefined, { ref: false })]);
    this.#consumers?.close();
    await this.#doors.close();
  }
}

const secretBytes = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));
