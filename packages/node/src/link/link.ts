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
import { linkLane, relayLane } from '@skykey/kme';
import type { LinkState, SessionSummary } from '@skykey/telemetry';
import { type Vault, VaultError } from '@skykey/vault';
import { NodeError } from '../error.ts';

/** Share of a block that goes back into the authentication reserve of its link, one part in this many. */
const AUTHENTICATION_PART = 32;
/** The live figures are taken over this much mission time, s. */
const RECENT_S = 5;
const REMEMBERED_SESSIONS = 10;
/** Below this many compared detections a QBER is not shown. */
const SHOW_QBER_FROM = 30;

export interface LinkOptions {
  readonly linkId: string;
  readonly peer: string;
  readonly vault: Vault;
  readonly random: RandomBytes;
  readonly pulseRateHz: number;
  /** What the monitor is held against, for the eye. */
  readonly expectedQber: number;
  readonly hardQber: number;
  readonly missionMs: () => number;
  /** Nodes and satellites that the key has passed, for its label. */
  readonly route: readonly string[];
  readonly onChange: () => void;
  /** A hard alarm: the link is dropped, its keys must be poisoned before anything else leaves. */
  readonly onAlarm: (alarm: Alarm) => void;
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

  constructor(options: LinkOptions) {
    this.#options = options;
    const memory = options.vault.recall(this.#memoryKey()) as
      | { dropped: boolean; sessions: SessionSummary[]; alarms: LinkState['alarms'][number][] }
      | undefined;
    this.#dropped = memory?.dropped ?? false;
    this.#sessions = memory?.sessions ?? [];
    this.#alarms = memory?.alarms ?? [];
  }

  get dropped(): boolean {
    return this.#dropped;
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

  /** The operator takes the link back into service. */
  reopen(): void {
    this.#dropped = false;
    this.#stage = null;
    this.#remember();
    this.#options.onChange();
  }

  state(): LinkState {
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
      alarms: this.#alarms,
      sessions: this.#sessions,
      expectedQber: this.#options.expectedQber,
      hardQber: this.#options.hardQber,
      authenticationPads: this.#options.vault.pads(linkLane(this.#options.linkId)).left(),
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
    this.#options.onChange();
    try {
      const report = await run({
        keys: vault.padKeys(linkLane(linkId)),
        store: this.#store(),
        onEvent: (event) => this.#onEvent(event),
      });
      this.#finish(summary(report, this.#options.missionMs()));
      return report;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#stage = null;
      vault.journal.append({
        severity: 'warning',
        text: `${linkId}: session ${parameters.sessionId} ended without a key: ${reason}`,
        utcMs: this.#options.missionMs(),
      });
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
        this.#remember();
        this.#options.onAlarm(event.alarm);
      }
    }
    this.#options.onChange();
  }

  #finish(entry: SessionSummary): void {
    this.#sessions.unshift(entry);
    this.#sessions.splice(REMEMBERED_SESSIONS);
    this.#remember();
    this.#options.vault.journal.append({
      severity: entry.verdict === 'accepted' ? 'info' : 'warning',
      text:
        entry.verdict === 'accepted'
          ? `${this.#options.linkId}: ${entry.detections.toLocaleString('en')} detections became ${entry.secretBits.toLocaleString('en')} secret bits (${entry.proof})`
          : `${this.#options.linkId}: no key from session ${entry.sessionId}: ${entry.reason}`,
      utcMs: entry.utcMs,
    });
  }

  #memoryKey(): string {
    return `link/${this.#options.linkId}`;
  }

  #remember(): void {
    this.#options.vault.remember(this.#memoryKey(), {
      dropped: this.#dropped,
      sessions: this.#sessions,
      alarms: this.#alarms,
    });
  }

  /** The vault as distillation wants it: a finished block is held, then cut into the lanes of this link. */
  #store(): BlockStore {
    const { vault, linkId, route, missionMs } = this.#options;
    // The vault knows an id once its block is held; that its light was spoken of is kept beside it.
    const memory = (blockId: string): string => `begun/${blockId}`;
    const wasBegun = (blockId: string): boolean =>
      vault.recall(memory(blockId)) !== undefined || vault.block(blockId) !== undefined;
    return {
      begin: async (blockId) =>
        vault.atomically(() => {
          if (wasBegun(blockId)) throw new VaultError('vault/known', `session ${blockId} was begun before`);
          vault.remember(memory(blockId), { beganAtMs: missionMs() });
        }),
      wasBegun: async (blockId) => wasBegun(blockId),
      hold: async (blockId: string, key: SecretBytes, report: SessionReport) => {
        try {
          vault.hold({
            blockId,
            bytes: key,
            labels: {
              originLinks: [linkId],
              route: [...route],
              epsSec: report.epsSec,
              epsCor: report.epsCor,
              proof: report.proof,
              simulated: true,
              createdAtMs: missionMs(),
            },
          });
        } finally {
          key.wipe();
        }
      },
      release: async (blockId) => vault.release(blockId, laneCuts(linkId, vault.heldBytes(blockId))),
      discard: async (blockId) => vault.discard(blockId),
      held: async () => vault.held().filter((blockId) => !blockId.startsWith('relay:')),
      wasReleased: async (blockId) => vault.wasReleased(blockId),
    };
  }
}

/** Both ends cut a block of this many bytes alike: a part for tags, the rest for the relay. */
export function laneCuts(linkId: string, bytes: number): { lane: string; from: number; to: number }[] {
  const forTags = Math.floor(bytes / AUTHENTICATION_PART / 16) * 16;
  return [
    { lane: linkLane(linkId), from: 0, to: forTags },
    { lane: relayLane(linkId), from: forTags, to: bytes },
  ];
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
