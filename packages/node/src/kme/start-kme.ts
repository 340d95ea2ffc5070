/**
 * A key manager with all its interfaces: the core of @skykey/kme on a vault, its lines to the other KMEs, its servers, its
 * tick. What decides is in the core; here it meets sockets, files and the clock.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { SecretBytes } from '@skykey/bits';
import {
  answer014,
  type EntropySource,
  Etsi020,
  type HttpCalls,
  type HttpRequest,
  type HttpResponse,
  type JoinPlan,
  KeyStreams,
  Kme,
  KmeError,
  type Limits,
  type PeerLink,
  type Policy,
  plannedRoutes,
  relayPlanOf,
  SdnEvents,
  SdnFeed,
  Skip,
} from '@skykey/kme';
import type { Vault } from '@skykey/vault';
import type { Logger } from 'pino';
import { NodeError } from '../error.ts';
import { revocationKey, type TlsFiles } from '../pki/credentials.ts';
import { type IdentityRule, identityOf } from '../pki/identity.ts';
import { Rotation } from '../pki/rotation.ts';
import { listenLocally } from '../wire/http.ts';
import { serveKeyStreams } from '../wire/key-streams.ts';
import { type MutualTlsServer, type ServedRequest, serveMutualTls } from '../wire/mutual-tls.ts';
import { PeerClients } from '../wire/peer-client.ts';
import { Attendance } from './attendance.ts';
import type { KmeConfiguration } from './configuration.ts';
import { couriersOf } from './courier.ts';
import { ForeignKeys } from './foreign-keys.ts';
import { GuardedKeys } from './guarded-keys.ts';
import { LivePolicy, loadPolicy } from './live-policy.ts';
import type { KmeMetrics } from './metrics.ts';
import type { NetworkFile } from './network-file.ts';
import { type Check, kmeOperations } from './operations.ts';
import { HELLO_PATH, KME_PATH, PeerKmes } from './peer-kmes.ts';
import { readJournal, readStock, type Stock } from './readings.ts';
import { sdnView } from './sdn-view.ts';
import { type PskClient, serveSkipPsk } from './skip-psk.ts';

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
/** ETSI GS QKD 020 bodies: 1,024 keys of 512 bytes. */
const MAX_020_BYTES = 1024 * 1024;
const READY_LIMIT_MS = 2_000;
const END_LIMIT_MS = 5_000;
/** Combined key that is kept ready for each pair of sites. */
const COMBINED_BYTES = 64 * 1024;
const STREAM_LEASE_MS = 30_000;
/** More callers than this wait behind the limits of the core. */
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

/** What can be read again and closed. */
interface Part {
  readonly reload?: () => Promise<void>;
  readonly close: () => Promise<void> | void;
}

class KmeProcess implements RunningKme {
  readonly ports: Record<string, number> = {};
  kme!: Kme;
  readonly #options: StartKmeOptions;
  readonly #now: () => number;
  readonly #policy: LivePolicy;
  readonly #attendance: Attendance;
  readonly #parts: Part[] = [];
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #siteOf: ReadonlyMap<string, string>;
  readonly #events: SdnEvents;
  #peers!: PeerKmes;
  #keys!: GuardedKeys;
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
    const { kmes, saes } = options.network;
    const siteOfKme = new Map(kmes.map(({ kmeId, siteId }) => [kmeId, siteId]));
    this.#siteOf = new Map(saes.map(({ saeId, kmeId }) => [saeId, siteOfKme.get(kmeId) ?? '']));
    this.#events = new SdnEvents({ run: randomUUID().replaceAll('-', ''), nowMs: this.#now });
    this.#policy = new LivePolicy(loadPolicy(options.policyFile));
  }

  async start(): Promise<void> {
    const { vault, log } = this.#options;
    const onWarning = (sentence: string): void => log.warn(sentence);
    const plans = this.#plansOf(this.#policy.current);
    const clients = await PeerClients.open({
      ...this.#trust(this.#options.tls.kmes),
      maxAnswerBytes: MAX_FRAME_BYTES,
      onWarning,
    });
    this.#parts.push({ reload: () => clients.reload(), close: () => clients.close() });
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
      onDelivered: (keys, peer) => this.#options.metrics.delivered(keys, peer),
    });
    this.#feed = new SdnFeed(this.#events, this.#view(await this.#stock()));
    await this.#serve014();
    await this.#servePeers();
    await this.#serve020(onWarning);
    await this.#serveSkip();
    await this.#serve004(onWarning);
    await this.#serveOperations();
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

  // Interfaces

  #trust(files: TlsFiles) {
    const { identity, staleList } = this.#options;
    return { tls: files, staleList, ...(identity && { identity: ruleOf(identity) }) };
  }

  async #serve(
    name: string,
    options: Pick<Parameters<typeof serveMutualTls>[0], 'port' | 'what' | 'role' | 'answer' | 'bodyLimit' | 'tls'>,
  ): Promise<void> {
    const { log, listen } = this.#options;
    const server: MutualTlsServer = await serveMutualTls({
      ...this.#trust(options.tls),
      ...options,
      host: listen.host,
      onFault: (error) => log.error({ reason: messageOf(error) }, 'a request failed inside'),
      onWarning: (sentence) => log.warn(sentence),
    });
    this.ports[name] = server.port;
    this.#parts.push(server);
  }

  async #serve014(): Promise<void> {
    const { listen, tls } = this.#options;
    const { limits, registry } = this.kme;
    const decBytes = Math.max(64 * 1024, limits.maxKeyPerRequest * BODY_PER_KEY_ID);
    await this.#serve('etsi014', {
      port: listen.etsi014,
      what: 'ETSI GS QKD 014',
      tls: tls.saes,
      role: 'sae',
      bodyLimit: () => decBytes,
      answer: ({ peerId, ...request }) =>
        this.#attendance.http('etsi014', { caller: peerId, method: request.method, path: request.path }, () =>
          answer014(
            { saeId: peerId, ...request },
            { keys: this.#keys, limits, isLocal: (saeId) => registry.isLocal(saeId) },
          ),
        ),
    });
  }

  async #servePeers(): Promise<void> {
    const { listen, tls, network, kmeId } = this.#options;
    const known = new Set(
      network.kmes.flatMap((kme) => (kme.peerUrl !== undefined && kme.kmeId !== kmeId ? [kme.kmeId] : [])),
    );
    await this.#serve('peers', {
      port: listen.peers,
      what: 'the lines to other key managers',
      tls: tls.kmes,
      role: 'kme',
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

  async #serve020(onWarning: (sentence: string) => void): Promise<void> {
    const { etsi020, listen, vault, log, tls } = this.#options;
    if (!etsi020 || listen.etsi020 === undefined) return;
    for (const { kmeId, saes } of etsi020.peers) this.#foreign.check(kmeId, saes);
    const files = etsi020.tls ?? tls.kmes;
    const clients = await PeerClients.open({ ...this.#trust(files), maxAnswerBytes: MAX_020_BYTES, onWarning });
    this.#parts.push({ reload: () => clients.reload(), close: () => clients.close() });
    const core = new Etsi020({
      peers: etsi020.peers.map(({ callbackUrl, dialect, ...peer }) => ({
        ...peer,
        ...(callbackUrl !== undefined && { callbackUrl }),
        ...(dialect && { dialect }),
      })),
      ownCallbackUrl: `${etsi020.ownUrl}/kmapi/v1/ext_keys/ack`,
      ...{ imports: this.#foreign, exports: this.#foreign.exports, notebook: vault.notebook(), nowMs: this.#now },
      http: (kmeId) => foreignCalls(clients, kmeId),
      note: (severity, text) => void log[severity === 'warning' ? 'warn' : 'info'](text),
    });
    this.#etsi020 = core;
    await this.#serve('etsi020', {
      port: listen.etsi020,
      what: 'ETSI GS QKD 020',
      tls: files,
      role: 'kme',
      bodyLimit: () => MAX_020_BYTES,
      answer: (request) =>
        this.#attendance.http('etsi020', toldOf(request), async () => {
          const answer = await core.handle(httpRequest(request));
          this.#tickSoon();
          return answer;
        }),
    });
  }

  async #serveSkip(): Promise<void> {
    const { skip, listen, tls, log } = this.#options;
    if (!skip || !listen.skip) return;
    const stranger = skip.clients.find(({ saeId }) => !this.kme.registry.isLocal(saeId));
    if (stranger) {
      throw new NodeError(
        'node/configuration',
        `skip.clients: ${stranger.saeId} is no application of this site in the network file`,
      );
    }
    const core = new Skip({
      service: this.#keys,
      clients: skip.clients.map(({ saeId, localSystemId, remotes }) => ({ saeId, localSystemId, remotes })),
      ...(skip.entropy && { entropy: systemEntropy() }),
      note: (severity, text) => void log[severity === 'warning' ? 'warn' : 'info'](text),
    });
    const attended = (request: HttpRequest): Promise<HttpResponse> =>
      this.#attendance.http(
        'skip',
        { caller: request.caller, method: request.method, path: skipPath(request.path) },
        () => core.handle(request),
      );
    if (listen.skip.tls !== undefined) {
      await this.#serve('skip', {
        port: listen.skip.tls,
        what: 'SKIP',
        tls: tls.saes,
        role: 'sae',
        answer: (request) => attended(httpRequest(request)),
      });
    }
    if (listen.skip.psk !== undefined) {
      const server = await serveSkipPsk({
        host: listen.host,
        port: listen.skip.psk,
        clients: pskClients(skip.clients),
        answer: attended,
        onFault: (error) => log.error({ reason: messageOf(error) }, 'a request failed inside'),
      });
      this.ports.skipPsk = server.port;
      this.#parts.push(server);
    }
  }

  async #serve004(onWarning: (sentence: string) => void): Promise<void> {
    const { listen, vault, log, tls, staleList, identity } = this.#options;
    if (listen.etsi004 === undefined) return;
    await this.#takeStreams();
    const streams = await KeyStreams.open({
      ...{
        service: this.#keys,
        words: this.kme.words,
        notebook: vault.notebook(),
        now: this.#now,
        random: secretBytes,
      },
      wait: (ms, signal) => pause(ms, undefined, { signal }).catch(() => undefined),
      chunkBytes: (saeId, peerId) => {
        const bits = this.#policy.rulesFor([saeId, peerId])?.keyBits ?? { min: 64, max: 4096 };
        return { min: Math.ceil(bits.min / 8), max: Math.floor(bits.max / 8) };
      },
      onFault: (error) => log.error({ reason: messageOf(error) }, 'a key stream failed inside'),
    });
    this.#streams = streams;
    const rotation = await Rotation.open({ files: tls.saes, role: 'sae', staleList, warn: onWarning });
    const server = await serveKeyStreams({
      port: listen.etsi004,
      host: listen.host,
      what: 'ETSI GS QKD 004',
      credentials: rotation.current.context,
      identify: (certificate) => identityOf(certificate, identity && ruleOf(identity)),
      handle: async (saeId, request, gone) => {
        const told = { caller: saeId, call: request.call };
        const answer = await this.#attendance.other(
          'etsi004',
          told,
          () => streams.handle(saeId, request, gone),
          ({ status }) => String(status),
        );
        if (answer) return answer;
        throw new KmeError('kme/malformed', 'this key manager is ending');
      },
      onFault: (error) => log.error({ reason: messageOf(error) }, 'a request failed inside'),
    });
    rotation.follow(({ context, revoked }) => {
      server.setCredentials(context, (certificate) => revoked.has(revocationKey(certificate)));
    });
    this.ports.etsi004 = server.port;
    this.#parts.push({
      reload: () => rotation.reload(),
      close: async () => {
        rotation.close();
        await server.close();
      },
    });
  }

  /** Streams are led by one process of a KME: two on one vault would lead the same ones. */
  async #takeStreams(): Promise<void> {
    const { vault, processId } = this.#options;
    const name = 'etsi004/process';
    const other = await vault.atomically(async (tx) => {
      const owner = (await tx.recall(name)) as { processId: string; untilMs: number } | undefined;
      if (owner && owner.processId !== processId && owner.untilMs > this.#now()) return owner.processId;
      await tx.remember(name, { processId, untilMs: this.#now() + STREAM_LEASE_MS });
      return undefined;
    });
    if (other !== undefined) {
      throw new NodeError(
        'node/key-streams',
        `listen.etsi004: the process ${other} serves the key streams of this vault; leave it out here, or end that one and wait ${STREAM_LEASE_MS / 1000} s`,
      );
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
    this.#parts.push(operations);
    this.ports.operations = await listenLocally(
      operations.server,
      listen.operations,
      'the operations of the key manager',
    );
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
    const nowMs = performance.now();
    if (nowMs - this.#secondMs < SECOND_MS) return;
    this.#secondMs = nowMs;
    // Peers that do not answer must not hold the tick up.
    void this.#peers.lookAround();
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
    if (this.#streams) await this.#takeStreams();
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
    const attempt = async (what: string, work: () => Promise<void> | void): Promise<void> => {
      try {
        await work();
      } catch (error) {
        refused.push(messageOf(error));
        log.error({ reason: messageOf(error) }, `${what} was refused; the old stays in force`);
      }
    };
    await attempt('the policy', () => {
      const policy = loadPolicy(policyFile);
      const plans = this.#plansOf(policy);
      this.#policy.replace(policy);
      const { siteId } = network.kmes.find((kme) => kme.kmeId === kmeId)!;
      this.kme.exchange.setPlan(relayPlanOf(siteId, plans, COMBINED_BYTES));
    });
    for (const { reload } of this.#parts) if (reload) await attempt('a certificate', reload);
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
    await this.#ticking;
    await Promise.all(this.#parts.reverse().map(({ close }) => close()));
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const secretBytes = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));

const ruleOf = ({ uris, commonName }: NonNullable<KmeConfiguration['identity']>): IdentityRule => ({
  ...(uris && { uris }),
  ...(commonName !== undefined && { commonName }),
});

const httpRequest = ({ peerId, method, path, query, contentType, body }: ServedRequest): HttpRequest => ({
  ...{ caller: peerId, method, path, query, body },
  headers: { 'content-type': contentType },
});

const toldOf = ({ peerId, method, path }: ServedRequest) => ({ caller: peerId, method, path });

/** The id of a key says nothing about it, but belongs into no log. */
const skipPath = (path: string): string => path.replace(/^\/key\/.+$/, '/key/{keyId}');

function foreignCalls(clients: PeerClients, kmeId: string): HttpCalls {
  return {
    post: (url, body) => {
      const { hostname, port, pathname, search } = new URL(url);
      const peer = { peerId: kmeId, host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 443) };
      return clients.post(peer, pathname + search, body, 'application/json; charset=UTF-8');
    },
  };
}

function pskClients(clients: NonNullable<KmeConfiguration['skip']>['clients']): PskClient[] {
  return clients.flatMap(({ saeId, psk }) => {
    if (!psk) return [];
    let text: string;
    try {
      text = readFileSync(psk.file, 'utf8').trim();
    } catch (error) {
      throw new NodeError(
        'node/configuration',
        `skip.clients: cannot read the key of ${saeId}, ${psk.file}: ${messageOf(error)}`,
      );
    }
    if (!/^([0-9a-f]{2}){32,64}$/i.test(text)) {
      throw new NodeError(
        'node/configuration',
        `skip.clients: ${psk.file} must hold from 64 to 128 hexadecimal digits and nothing else`,
      );
    }
    return [{ saeId, identity: psk.identity, key: new Uint8Array(Buffer.from(text, 'hex')) }];
  });
}

/**
 * The system's generator, with the repetition test of NIST SP 800-90B, 4.4.1, over blocks of 16 bytes: two alike in a row
 * come once in 2^128, so they end it.
 */
function systemEntropy(): EntropySource {
  let isHealthy = true;
  let last = Buffer.alloc(0);
  return {
    healthy: () => isHealthy,
    draw: (bytes) => {
      const fresh = randomBytes(Math.max(16, bytes));
      if (fresh.subarray(0, 16).equals(last)) isHealthy = false;
      last.fill(0);
      last = Buffer.from(fresh.subarray(-16));
      const drawn = new Uint8Array(fresh.subarray(0, bytes));
      fresh.fill(0);
      if (!isHealthy) throw new Error('the generator of random bytes repeats itself');
      return SecretBytes.adopt(drawn);
    },
  };
}
