import type { SecretBytes } from '@skykey/bits';
import {
  type Alarm,
  type BlockStore,
  type Channel,
  type DetectionChunk,
  DistillError,
  type EmissionRecord,
  type RandomBytes,
  runAlice,
  runBob,
  type SessionEvent,
  type SessionParameters,
  type SessionReport,
} from '@skykey/distill';
import { DIRECT, keyLane, linkLane, peerLane } from '@skykey/kme';
import type { LinkState, SessionSummary } from '@skykey/telemetry';
import {
  type Cut,
  type JournalEntry,
  type PoisonReport,
  type Vault,
  VaultError,
  type VaultTransaction,
} from '@skykey/vault';
import { NodeError } from '../error.ts';

/** Share of a block that goes back into the authentication reserve of its link, one part in this many. */
const SESSION_PART = 32;
/** The same for what the two nodes say to each other besides, each way. */
const CALLS_PART = 64;
const PAD_BYTES = 16;
/** A lane begins with a hash point and is of use with a pad behind it. */
const LEAST_LANE_BYTES = 32;
/** Blocks of the vault that no session has left: the network of key managers settles them. */
const OF_THE_NETWORK = ['join:', 'combine:', 'carried:'];
/** The live figures are taken over this much mission time, s. */
const RECENT_S = 5;
const REMEMBERED_SESSIONS = 10;
/** Below this many compared detections a QBER is not shown. */
const SHOW_QBER_FROM = 30;

/** A quantum link and the nodes at its ends. */
export interface LinkEnds {
  readonly linkId: string;
  readonly satelliteId: string;
  readonly siteId: string;
}

export interface LinkOptions extends LinkEnds {
  readonly peer: string;
  readonly vault: Vault;
  readonly random: RandomBytes;
  readonly pulseRateHz: number;
  /** What the monitor is held against, for the eye. */
  readonly expectedQber: number;
  readonly hardQber: number;
  readonly missionMs: () => number;
  readonly onChange: () => void;
  /**
   * A hard alarm: the link is dropped, its keys must be poisoned before anything else leaves. The session does not end
   * before this has resolved, and rejects when it does.
   */
  readonly onAlarm: (alarm: Alarm) => Promise<PoisonReport>;
}

/** What a link remembers in the vault. */
interface Memory {
  readonly dropped: boolean;
  readonly sessions: readonly SessionSummary[];
  readonly alarms: LinkState['alarms'];
}

interface Sample {
  readonly seconds: number;
  readonly detections: number;
  readonly monitored: number;
  readonly errors: number;
}

/**
 * One quantum link as one of its two parties sees it: runs the sessions, keeps their results in the vault, shows their
 * progress, and drops the link on a hard alarm until an operator reopens it. The two parties share nothing but the
 * channel that is handed in. One session at a time: a second one rejects with NodeError `node/busy` and nothing is said.
 */
export class Link {
  readonly #options: LinkOptions;
  readonly #sessions: SessionSummary[];
  readonly #alarms: LinkState['alarms'][number][];
  #dropped: boolean;
  #running: string | null = null;
  #stage: string | null = null;
  #samples: Sample[] = [];
  #last: Sample = { seconds: 0, detections: 0, monitored: 0, errors: 0 };
  /** What a session has begun to write down and does not end without. */
  #writing: Promise<unknown> = Promise.resolve();

  /** Takes up what the link remembers. */
  static async open(options: LinkOptions): Promise<Link> {
    const memory = (await options.vault.notebook().recall(memoryKey(options.linkId))) as Memory | undefined;
    return new Link(options, memory);
  }

  private constructor(options: LinkOptions, memory: Memory | undefined) {
    this.#options = options;
    this.#dropped = memory?.dropped ?? false;
    this.#sessions = [...(memory?.sessions ?? [])];
    this.#alarms = [...(memory?.alarms ?? [])];
  }

  get dropped(): boolean {
    return this.#dropped;
  }

  /** The alarm for which it was dropped; undefined when it is not. */
  get alarm(): Alarm | undefined {
    return this.#dropped ? this.#alarms.find(({ severity }) => severity === 'hard') : undefined;
  }

  /** What the session that runs is at. */
  get stage(): string | null {
    return this.#stage;
  }

  /** The session that runs, by its id. */
  get running(): string | null {
    return this.#running;
  }

  runSatellite(
    parameters: SessionParameters,
    channel: Channel,
    emissions: (slots: Float64Array) => Promise<EmissionRecord>,
  ): Promise<SessionReport> {
    const { random } = this.#options;
    return this.#run(parameters, (common) => runAlice({ ...common, parameters, channel, emissions, random }));
  }

  runStation(
    parameters: SessionParameters,
    channel: Channel,
    chunks: AsyncIterable<DetectionChunk>,
  ): Promise<SessionReport> {
    const { random } = this.#options;
    return this.#run(parameters, (common) => runBob({ ...common, parameters, channel, chunks, random }));
  }

  /** Has everything that rests on the link overwritten; to be called again for a link that was dropped before a crash. */
  async raiseAlarm(alarm: Alarm): Promise<void> {
    const { linkId, vault, missionMs, onAlarm } = this.#options;
    const { bits, keys } = await onAlarm(alarm);
    const text = `${linkId} dropped: ${bits} undelivered bits and ${keys} keys overwritten here`;
    await vault.atomically((tx) => tx.journal.append({ severity: 'alarm', text, utcMs: missionMs() }));
  }

  /** The operator takes the link back into service. */
  async reopen(): Promise<void> {
    this.#dropped = false;
    this.#stage = null;
    await this.#options.vault.atomically((tx) => this.#remember(tx));
    this.#options.onChange();
  }

  async state(tx: VaultTransaction): Promise<LinkState> {
    const authenticationPads = await tx.pads(linkLane(this.#options.linkId)).left();
    const first = this.#samples[0] ?? this.#last;
    const last = this.#last;
    const seconds = last.seconds - first.seconds;
    const monitored = last.monitored - first.monitored;
    const detectionRateHz = seconds > 0 ? (last.detections - first.detections) / seconds : 0;
    return {
      linkId: this.#options.linkId,
      peer: this.#options.peer,
      state: this.#dropped ? 'dropped' : this.#running ? 'session' : 'idle',
      stage: this.#stage,
      sessionId: this.#running ?? this.#sessions[0]?.sessionId ?? null,
      detections: last.detections,
      detectionRateHz: this.#running ? detectionRateHz : 0,
      siftedRateHz: this.#running && last.detections > 0 ? detectionRateHz * this.#matchedShare(last) : 0,
      sifted: this.#running ? Math.round(last.monitored / this.#monitorProbability) : 0,
      monitored: last.monitored,
      monitorErrors: last.errors,
      qber: monitored >= SHOW_QBER_FROM ? (last.errors - first.errors) / monitored : null,
      alarms: [...this.#alarms],
      sessions: [...this.#sessions],
      expectedQber: this.#options.expectedQber,
      hardQber: this.#options.hardQber,
      authenticationPads,
    };
  }

  /** Basis-matched share of all detections, from those that the monitor compared. */
  #matchedShare(sample: Sample): number {
    return Math.min(1, sample.monitored / (sample.detections * this.#monitorProbability));
  }

  #monitorProbability = 1;

  async #run(
    parameters: SessionParameters,
    run: (common: Pick<Parameters<typeof runBob>[0], 'keys' | 'store' | 'onEvent'>) => Promise<SessionReport>,
  ): Promise<SessionReport> {
    const { vault, linkId } = this.#options;
    // The next session settles what this one leaves: beside it, it would settle what this one may yet release.
    if (this.#running !== null) {
      throw new NodeError(
        'node/busy',
        `session ${this.#running} of ${linkId} is running, and a link has one at a time`,
      );
    }
    this.#running = parameters.sessionId;
    this.#monitorProbability = parameters.monitorProbability;
    this.#samples = [];
    this.#last = { seconds: 0, detections: 0, monitored: 0, errors: 0 };
    this.#writing = Promise.resolve();
    this.#options.onChange();
    try {
      const report = await run({
        keys: vault.padKeys(linkLane(linkId)),
        store: this.#store(),
        onEvent: (event) => this.#onEvent(event),
      });
      await this.#writing;
      await this.#finish(summary(report, this.#options.missionMs()));
      return report;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#stage = null;
      await this.#writing.catch(() => undefined);
      await vault
        .atomically((tx) =>
          tx.journal.append({
            severity: 'warning',
            text: `${linkId}: session ${parameters.sessionId} ended without a key: ${reason}`,
            utcMs: this.#options.missionMs(),
          }),
        )
        // The reason why the session ended is worth more than that it could not be written down.
        .catch(() => undefined);
      throw error;
    } finally {
      this.#running = null;
      this.#options.onChange();
    }
  }

  #onEvent(event: SessionEvent): void {
    if (event.kind === 'stage') this.#stage = event.stage;
    if (event.kind === 'monitor') {
      const sample = {
        seconds: event.lastSlot / this.#options.pulseRateHz,
        detections: event.detections,
        monitored: event.monitored,
        errors: event.errors,
      };
      this.#last = sample;
      this.#samples.push(sample);
      while (this.#samples.length > 2 && this.#samples[1]!.seconds < sample.seconds - RECENT_S) this.#samples.shift();
    }
    if (event.kind === 'alarm') {
      const { severity, kind, message } = event.alarm;
      this.#alarms.unshift({ severity, kind, message, utcMs: this.#options.missionMs() });
      this.#alarms.splice(20);
      if (severity === 'hard') {
        this.#dropped = true;
        this.#write(this.#options.vault.atomically((tx) => this.#remember(tx)));
        this.#write(this.raiseAlarm(event.alarm));
      }
    }
    this.#options.onChange();
  }

  #write(work: Promise<unknown>): void {
    this.#writing = Promise.all([this.#writing, work]);
    // Awaited at the end of the session; until then nobody else is to be told.
    this.#writing.catch(() => undefined);
  }

  async #finish(entry: SessionSummary): Promise<void> {
    const { linkId, vault } = this.#options;
    this.#sessions.unshift(entry);
    this.#sessions.splice(REMEMBERED_SESSIONS);
    const note: JournalEntry = {
      severity: entry.verdict === 'accepted' ? 'info' : 'warning',
      text:
        entry.verdict === 'accepted'
          ? `${linkId}: ${entry.detections.toLocaleString('en')} detections became ${entry.secretBits.toLocaleString('en')} secret bits (${entry.proof})`
          : `${linkId}: no key from session ${entry.sessionId}: ${entry.reason}`,
      utcMs: entry.utcMs,
    };
    await vault.atomically(async (tx) => {
      await this.#remember(tx);
      await tx.journal.append(note);
    });
  }

  #remember(tx: VaultTransaction): Promise<void> {
    const memory: Memory = { dropped: this.#dropped, sessions: this.#sessions, alarms: this.#alarms };
    return tx.remember(memoryKey(this.#options.linkId), memory);
  }

  /** The vault as distillation wants it: a finished block is held, then cut into the lanes of this link. */
  #store(): BlockStore {
    const { vault, linkId, satelliteId, siteId, missionMs } = this.#options;
    // The vault knows an id once its block is held; that its light was spoken of is kept beside it.
    const memory = (blockId: string): string => `begun/${blockId}`;
    const wasBegun = async (tx: VaultTransaction, blockId: string): Promise<boolean> =>
      (await tx.recall(memory(blockId))) !== undefined || (await tx.block(blockId)) !== undefined;
    return {
      begin: (blockId) =>
        vault.atomically(async (tx) => {
          if (await wasBegun(tx, blockId)) throw new VaultError('vault/known', `session ${blockId} was begun before`);
          await tx.remember(memory(blockId), { beganAtMs: missionMs() });
        }),
      wasBegun: (blockId) => vault.atomically((tx) => wasBegun(tx, blockId)),
      hold: async (blockId: string, key: SecretBytes, report: SessionReport) => {
        const labels = {
          originLinks: [linkId],
          routes: [[satelliteId, siteId]],
          // A scenario does not say in which country a station stands.
          jurisdictions: [],
          epsSec: report.epsSec,
          epsCor: report.epsCor,
          proof: report.proof,
          simulated: true,
          createdAtMs: missionMs(),
          expiresAtMs: null,
        };
        try {
          await vault.atomically((tx) => tx.hold({ blockId, bytes: key, labels }));
        } finally {
          key.wipe();
        }
      },
      release: (blockId) =>
        vault.atomically(async (tx) =>
          tx.release(blockId, laneCuts({ linkId, satelliteId, siteId }, await tx.heldBytes(blockId))),
        ),
      discard: (blockId) => vault.atomically((tx) => tx.discard(blockId)),
      held: async () => {
        const held = await vault.atomically((tx) => tx.held());
        return held.filter((blockId) => !OF_THE_NETWORK.some((prefix) => blockId.startsWith(prefix)));
      },
      wasReleased: (blockId) => vault.atomically((tx) => tx.wasReleased(blockId)),
    };
  }
}

const memoryKey = (linkId: string): string => `link/${linkId}`;

/**
 * Both ends cut a block of this many bytes alike: parts for the tags of further sessions and for those of the words between
 * the two nodes, the rest as key that the satellite leads.
 */
export function laneCuts({ linkId, satelliteId, siteId }: LinkEnds, bytes: number): Cut[] {
  const partOf = (part: number, least: number): number => {
    const size = Math.floor(bytes / part / PAD_BYTES) * PAD_BYTES;
    return size < least ? 0 : size;
  };
  const forCalls = partOf(CALLS_PART, LEAST_LANE_BYTES);
  const lanes = [
    { lane: linkLane(linkId), size: partOf(SESSION_PART, PAD_BYTES) },
    { lane: peerLane(satelliteId, siteId), size: forCalls },
    { lane: peerLane(siteId, satelliteId), size: forCalls },
  ];
  let from = 0;
  const cuts = lanes.map(({ lane, size }) => {
    const cut = { lane, from, to: from + size };
    from = cut.to;
    return cut;
  });
  return [...cuts, { lane: keyLane(satelliteId, siteId, DIRECT), from, to: bytes }];
}

function summary(report: SessionReport, utcMs: number): SessionSummary {
  return {
    sessionId: report.sessionId,
    utcMs,
    verdict: report.verdict,
    reason: report.reason ?? null,
    detections: report.detections,
    siftedSignal: report.siftedSignal,
    qberSignal: report.qberSignal,
    keySiftedBits: report.keyDetections.reduce((sum, n) => sum + n, 0),
    leakedBits: report.reconciliation.leakedBits,
    efficiency: report.reconciliation.efficiency,
    authenticationBitsSpent: report.authenticationBitsSpent,
    secretBits: report.secretBits,
    proof: report.proof,
  };
}

/** Whether an error means that the peer or the device went away, which ends a session and nothing else. */
export function isGone(error: unknown): boolean {
  return (
    (error instanceof DistillError && error.code === 'distill/peer-gone') ||
    (error as { code?: string }).code?.startsWith('node/') === true
  );
}
