/** One party of a session, from its files to its key. */
import { randomBytes } from 'node:crypto';
import {
  blockIdOf,
  type Channel,
  DistillError,
  type RandomBytes,
  type Role,
  runAlice,
  runBob,
  type SessionEvent,
  type SessionReport,
  type Stage,
} from '@skykey/distill';
import { CliError } from '../error.ts';
import { AuthenticationFile } from './authentication-file.ts';
import { openDetections } from './detections.ts';
import { openEmissions } from './emissions.ts';
import { KeyFolder } from './key-folder.ts';
import { LightJournal } from './light-journal.ts';
import { sessionFolder } from './line/folder-carrier.ts';
import { type Meeting, type OpenLine, openLine } from './line/open-line.ts';
import { addressOf } from './line/socket-carrier.ts';
import { type LinkDocument, readLink } from './link-document.ts';

export interface PartyOptions {
  /** Alice: emission file. Bob: slots, as text or Parquet, or raw tags. */
  readonly input: string;
  /** Bob, of raw tags: what is known of their time, where it is not beside them. */
  readonly timing?: string;
  readonly link: string;
  readonly auth: string;
  readonly out: string;
  readonly listen?: string;
  readonly connect?: string;
  readonly folder?: string;
  /** Seconds in which something must move (60). */
  readonly patience?: number;
}

/** What the world lends to a party, and hears of it. */
export interface Surroundings {
  /** Of the session: the system's, unless a test wants to see the same key twice. */
  readonly random?: RandomBytes;
  readonly onListening?: (port: number) => void;
  readonly onStranger?: (sentence: string) => void;
  readonly onEvent?: (event: SessionEvent, link: LinkDocument) => void;
  /** Ends the session: the other party is told, and nothing is lost but the light of it. */
  readonly signal?: AbortSignal;
}

/** The document of `skykey distill alice --json` and `bob`. */
export interface DistillDocument {
  readonly role: Role;
  readonly sessionId: string;
  readonly linkId: string;
  readonly verdict: 'accepted' | 'refused';
  /** A sentence; null with a key. */
  readonly reason: string | null;
  readonly secretBits: number;
  readonly files: { readonly key: string; readonly report: string } | null;
  /** Null when the session ended before both knew what came of it. */
  readonly report: SessionReport | null;
  readonly line: {
    readonly messagesSent: number;
    readonly messagesReceived: number;
    /** Bits of the messages of the session; frames and acknowledgements are not in them. */
    readonly bitsSent: number;
    readonly bitsReceived: number;
    /** How often this side waited for an answer to what it had said. */
    readonly roundTrips: number;
    /** More than one: it broke and was made again. */
    readonly connections: number;
  };
  readonly authentication: { readonly padsTouched: readonly number[]; readonly padsLeft: number };
  /** Blocks of sessions that were interrupted, on which this one had the last word. */
  readonly settled: readonly { readonly blockId: string; readonly outcome: 'released' | 'discarded' }[];
  readonly timing: {
    readonly wallS: number;
    readonly cpuS: number;
    /** Waiting for the other side, from its first message on. */
    readonly waitingS: number;
    /** Wall time of each stage. */
    readonly stagesS: { readonly [S in Stage]?: number };
    readonly maxRssBytes: number;
  };
  readonly warnings: readonly string[];
}

const PATIENCE_S = 60;
/** How long a side that gives up waits for the other to hear why, ms. */
const FAREWELL_MS = 2000;
/** What the other side did, or that it is gone: an outcome, not a fault of this side's input. */
const OUTCOMES: readonly string[] = ['distill/peer-gone', 'distill/protocol', 'distill/version'];

/**
 * Runs one party. Resolves with the document, verdict `accepted` or `refused`. Rejects for what is wrong with the input of
 * this side (CliError, DistillError `distill/emission-file` and others of its code), after the other side was told.
 */
export async function runParty(
  role: Role,
  options: PartyOptions,
  surroundings: Surroundings = {},
): Promise<DistillDocument> {
  const watch = new Watch();
  const system: RandomBytes = (length) => new Uint8Array(randomBytes(length));
  const { random = system, onEvent, signal } = surroundings;
  const { patience = PATIENCE_S } = options;
  if (!(patience > 0 && patience <= 1e6)) {
    throw new CliError('cli/option', `--patience ${patience}: give seconds above 0`);
  }
  const link = readLink(options.link);
  const { parameters } = link;
  const blockId = blockIdOf(parameters);
  const meeting = meetingOf(options, blockId);
  const closing: (() => void)[] = [];
  let open: OpenLine | undefined;
  try {
    const run = system(16);
    const keys = new AuthenticationFile(options.auth, role, run);
    closing.push(() => keys.close());
    keys.checkEnough();
    const store = new KeyFolder(options.out, role);
    closing.push(() => store.close());
    store.checkFresh(blockId);
    const light = new LightJournal(`${keys.file}.begun`, role);
    light.checkFresh(blockId);
    const input =
      role === 'alice'
        ? await openEmissions(options.input, link)
        : await openDetections(options.input, link, options.timing);
    closing.push(() => input.close());
    store.alsoBegins((id) => {
      light.begin(id);
      if ('at' in input) input.begin(id);
    });
    open = await openLine({
      self: { role, blockId, run, keys, random: system },
      meeting,
      patienceMs: patience * 1000,
      ...(surroundings.onListening ? { onListening: surroundings.onListening } : {}),
      ...(surroundings.onStranger ? { onStranger: surroundings.onStranger } : {}),
    });
    const { line } = open;
    signal?.addEventListener('abort', () => line.end('it was interrupted on this side'), { once: true });
    if (signal?.aborted) line.end('it was interrupted on this side');
    const counted = new CountedChannel(line);
    const common = {
      parameters,
      channel: counted,
      keys,
      store,
      random,
      clock: () => performance.now(),
      onEvent: (event: SessionEvent) => {
        if (event.kind === 'stage') watch.stage(event.stage);
        onEvent?.(event, link);
      },
    };
    let report: SessionReport | null = null;
    let reason: string | null = null;
    try {
      report =
        'at' in input
          ? await runAlice({ ...common, emissions: (slots) => input.at(slots) })
          : await runBob({ ...common, chunks: input.chunks });
      reason = report.reason ?? null;
    } catch (error) {
      const fault = open.fault();
      if (fault) throw fault;
      if (!(error instanceof DistillError && OUTCOMES.includes(error.code))) throw error;
      reason = await outcomeOf(error, store, blockId);
    }
    const warnings = [...input.warnings];
    await open.close(report?.verdict === 'accepted' ? patience * 1000 : FAREWELL_MS);
    if (report?.verdict === 'accepted' && !line.heard) {
      warnings.push('the other party did not confirm that it heard of the release; the next session tells it');
    }
    const files = (await store.wasReleased(blockId)) ? store.filesOf(blockId) : null;
    // Released, and the line broke before the last word was out.
    if (files) report ??= store.reportOf(blockId);
    return {
      role,
      sessionId: parameters.sessionId,
      linkId: parameters.linkId,
      verdict: files ? 'accepted' : 'refused',
      reason: files ? null : reason,
      secretBits: report?.secretBits ?? 0,
      files,
      report,
      line: { ...counted.counts, connections: line.connections },
      authentication: { padsTouched: keys.touched, padsLeft: keys.padsLeft },
      settled: store.settled,
      timing: { ...watch.read(), waitingS: round(counted.waitingMs / 1000) },
      warnings,
    };
  } finally {
    await open?.close(FAREWELL_MS);
    for (const close of closing.reverse()) close();
  }
}

function meetingOf({ listen, connect, folder }: PartyOptions, blockId: string): Meeting {
  const given = [listen, connect, folder].filter((one) => one !== undefined);
  if (given.length !== 1) {
    throw new CliError(
      'cli/option',
      'give one of --listen HOST:PORT, --connect HOST:PORT and --folder DIR: one party listens and the other connects, or both name the folder',
    );
  }
  if (listen !== undefined) return { kind: 'listen', at: addressOf('--listen', listen) };
  if (connect !== undefined) return { kind: 'connect', to: addressOf('--connect', connect) };
  return { kind: 'folder', folder: sessionFolder(folder!, blockId) };
}

/** How a session ended that has no report, and what became of its block. */
async function outcomeOf(error: DistillError, store: KeyFolder, blockId: string): Promise<string> {
  const held = (await store.held()).includes(blockId);
  return held ? `${error.message}; the key is held until the next session settles it` : error.message;
}

/** Counts what the session says and hears. */
class CountedChannel implements Channel {
  readonly #channel: Channel;
  readonly counts = { messagesSent: 0, messagesReceived: 0, bitsSent: 0, bitsReceived: 0, roundTrips: 0 };
  waitingMs = 0;
  #spoke = false;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  async send(message: Uint8Array): Promise<void> {
    await this.#channel.send(message);
    this.counts.messagesSent++;
    this.counts.bitsSent += 8 * message.length;
    this.#spoke = true;
  }

  async receive(): Promise<Uint8Array> {
    const from = performance.now();
    const message = await this.#channel.receive();
    // Before the first one the other party may be hours away.
    if (this.counts.messagesReceived > 0) this.waitingMs += performance.now() - from;
    this.counts.messagesReceived++;
    this.counts.bitsReceived += 8 * message.length;
    if (this.#spoke) this.counts.roundTrips++;
    this.#spoke = false;
    return message;
  }
}

class Watch {
  readonly #fromMs = performance.now();
  readonly #cpu = process.cpuUsage();
  readonly #stagesS: { [S in Stage]?: number } = {};
  #stage: Stage | undefined;
  #stageMs = 0;

  stage(stage: Stage): void {
    const now = performance.now();
    if (this.#stage) this.#stagesS[this.#stage] = round((now - this.#stageMs) / 1000);
    this.#stage = stage;
    this.#stageMs = now;
  }

  read(): Omit<DistillDocument['timing'], 'waitingS'> {
    if (this.#stage && this.#stage !== 'done') this.stage('done');
    const { user, system } = process.cpuUsage(this.#cpu);
    return {
      wallS: round((performance.now() - this.#fromMs) / 1000),
      cpuS: round((user + system) / 1e6),
      stagesS: this.#stagesS,
      maxRssBytes: process.resourceUsage().maxRSS * 1024,
    };
  }
}

function round(seconds: number): number {
  return Number(seconds.toFixed(3));
}
