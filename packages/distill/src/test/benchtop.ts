import { SecretBytes } from '@skykey/bits';
import { runAlice } from '../alice.ts';
import { type BobOptions, runBob } from '../bob.ts';
import { DistillError } from '../error.ts';
import type {
  AuthenticationKeys,
  BlockStore,
  Channel,
  DetectionChunk,
  EmissionRecord,
  RandomBytes,
  SessionEvent,
  SessionParameters,
  SessionReport,
} from '../types.ts';

/**
 * Two parties on one bench: a line in memory with room for a man in the middle, a synthetic source, stores and pads in
 * memory. For tests and benchmarks; no part of a session.
 */

/** Seeded generator of uniform 32-bit numbers (SFC32, C. Doty-Humphrey's PractRand), for reproducible runs only. */
export function seededWords(seed: number): () => number {
  let a = seed | 0;
  let b = Math.imul(seed, 0x9e3779b9);
  let c = 0x5eed;
  let counter = 1;
  const next = (): number => {
    const out = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + out;
    return out >>> 0;
  };
  for (let i = 0; i < 12; i++) next();
  return next;
}

export function seededBytes(seed: number): RandomBytes {
  const next = seededWords(seed);
  return (length) => {
    const out = new Uint8Array(length);
    for (let i = 0; i < length; i++) out[i] = next();
    return out;
  };
}

export type Direction = 'alice-to-bob' | 'bob-to-alice';
/** What a man in the middle lets through in place of a message. `index` counts the messages of both directions. */
export type Tamper = (message: Uint8Array, direction: Direction, index: number) => readonly Uint8Array[];

class Mailbox {
  readonly #messages: Uint8Array[] = [];
  #wake: (() => void) | undefined;
  #closed = false;

  put(message: Uint8Array): void {
    this.#messages.push(message);
    this.#wake?.();
  }

  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  async take(): Promise<Uint8Array> {
    while (!this.#messages.length) {
      if (this.#closed) throw new DistillError('distill/peer-gone', 'the peer is gone');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#messages.shift()!;
  }
}

export interface LinePair {
  readonly alice: Channel;
  readonly bob: Channel;
  /** From now on nothing arrives that was not sent before. */
  cut(): void;
  /** Messages sent so far. */
  sent(): number;
}

/** The two ends of a line in memory. */
export function linePair(tamper: Tamper = (message) => [message]): LinePair {
  const toAlice = new Mailbox();
  const toBob = new Mailbox();
  let index = 0;
  const end = (inbox: Mailbox, outbox: Mailbox, direction: Direction): Channel => ({
    async send(message) {
      for (const passed of tamper(message, direction, index++)) outbox.put(passed);
    },
    receive: () => inbox.take(),
  });
  return {
    alice: end(toAlice, toBob, 'alice-to-bob'),
    bob: end(toBob, toAlice, 'bob-to-alice'),
    sent: () => index,
    cut() {
      toAlice.close();
      toBob.close();
    },
  };
}

/** Runs both parties to their ends; a line on which nothing moves any more is cut, as a real one would time out. */
export async function settle<A, B>(
  line: LinePair,
  alice: Promise<A>,
  bob: Promise<B>,
): Promise<[PromiseSettledResult<A>, PromiseSettledResult<B>]> {
  let running = true;
  const both = Promise.allSettled([alice, bob]).finally(() => {
    running = false;
  });
  // Everything between two messages is promises that are already resolved: so many turns without one mean a standstill.
  for (let still = 0, last = -1; running && still < 500; still++) {
    if (line.sent() !== last) still = 0;
    last = line.sent();
    await undefined;
  }
  line.cut();
  return both;
}

/** A store in memory that remembers every call about a key, and can be told to fail at any. */
export class MemoryStore implements BlockStore {
  readonly keys = new Map<string, Uint8Array>();
  readonly reports = new Map<string, SessionReport>();
  readonly #state = new Map<string, 'begun' | 'held' | 'released' | 'discarded'>();
  readonly calls: string[] = [];
  /** Called before each change; what it throws is what the disk says. */
  before: (call: string) => void = () => undefined;

  #call(call: string): void {
    this.before(call);
    this.calls.push(call);
  }

  async begin(blockId: string): Promise<void> {
    this.before(`begin ${blockId}`);
    if (this.#state.has(blockId)) throw new Error(`block ${blockId} is known`);
    this.#state.set(blockId, 'begun');
  }

  async wasBegun(blockId: string): Promise<boolean> {
    return this.#state.has(blockId);
  }

  async hold(blockId: string, key: SecretBytes, report: SessionReport): Promise<void> {
    this.#call(`hold ${blockId}`);
    if ((this.#state.get(blockId) ?? 'begun') !== 'begun') throw new Error(`block ${blockId} is known`);
    this.#state.set(blockId, 'held');
    this.keys.set(
      blockId,
      key.open((bytes) => bytes.slice()),
    );
    this.reports.set(blockId, report);
  }

  async release(blockId: string): Promise<void> {
    this.#call(`release ${blockId}`);
    if (this.#state.get(blockId) !== 'held') throw new Error(`block ${blockId} is not held`);
    this.#state.set(blockId, 'released');
  }

  async discard(blockId: string): Promise<void> {
    this.#call(`discard ${blockId}`);
    if (this.#state.get(blockId) !== 'held') throw new Error(`block ${blockId} is not held`);
    this.#state.set(blockId, 'discarded');
    this.keys.delete(blockId);
  }

  async held(): Promise<readonly string[]> {
    return [...this.#state].filter(([, state]) => state === 'held').map(([id]) => id);
  }

  async wasReleased(blockId: string): Promise<boolean> {
    return this.#state.get(blockId) === 'released';
  }

  /** Ids of released blocks. */
  released(): string[] {
    return [...this.#state].filter(([, state]) => state === 'released').map(([id]) => id);
  }
}

/** Pads in memory, the same for every instance of one seed; remembers which were touched. */
export class MemoryPads implements AuthenticationKeys {
  readonly #seed: number;
  readonly touched: number[] = [];
  next: number;

  constructor(seed: number, next = 0) {
    this.#seed = seed;
    this.next = next;
  }

  async hashKey(): Promise<SecretBytes> {
    return SecretBytes.adopt(seededBytes(this.#seed)(16));
  }

  async nextPad(): Promise<number> {
    return this.next;
  }

  async look(index: number): Promise<SecretBytes | undefined> {
    return index < this.next ? undefined : this.#at(index);
  }

  async pad(index: number): Promise<SecretBytes> {
    if (index < this.next) throw new Error(`pad ${index} was used before`);
    this.next = index + 1;
    this.touched.push(index);
    return this.#at(index);
  }

  #at(index: number): SecretBytes {
    return SecretBytes.adopt(seededBytes(this.#seed * 7919 + index + 1)(16));
  }
}

/** A decoy-state source over a lossy line, as far as the protocol can tell. */
export interface Light {
  readonly seed: number;
  readonly detections: number;
  readonly qber: number;
  /** Probability of basis X, at both ends. */
  readonly basisX: number;
  /** Rows of a chunk. */
  readonly chunk: number;
  /** Share of the detections that no photon of the source made; one in 10^4 when left out. */
  readonly background?: number;
}

/**
 * Draws a pass of `pulses` slots with about `detections` detections. Intensities as they are among detections at high
 * loss, (share of emission) * (mean photon number) plus some background; bits as sent, wrong with probability
 * `qber`, and half of the time for background.
 */
export function synthesise(
  parameters: SessionParameters,
  light: Light,
): { emissions: (slots: Float64Array) => Promise<EmissionRecord>; chunks(): AsyncGenerator<DetectionChunk> } {
  const next = seededWords(light.seed);
  const uniform = (): number => next() / 2 ** 32;
  const n = light.detections;
  const slot = new Float64Array(n);
  const gap = parameters.pulses / n;
  // One detection somewhere in each n-th part of the pass: strictly rising without a sort.
  for (let i = 0; i < n; i++) slot[i] = Math.floor(i * gap) + Math.floor(uniform() * Math.floor(gap));
  const intensity = new Uint8Array(n);
  const basis = new Uint8Array(n);
  const bit = new Uint8Array(n);
  const detector = new Uint8Array(n);
  const photons = parameters.meanPhotons.map((mean, k) => mean * parameters.probabilities[k]!);
  const mean = photons[0]! + photons[1]! + photons[2]!;
  for (let i = 0; i < n; i++) {
    const background = uniform() < (light.background ?? 1e-4);
    let draw = uniform() * (background ? 1 : mean);
    const weights = background ? parameters.probabilities : photons;
    let k = 0;
    while (k < 2 && draw >= weights[k]!) draw -= weights[k++]!;
    intensity[i] = k;
    basis[i] = uniform() < light.basisX ? 0 : 1;
    bit[i] = next() & 1;
    const bobBasis = uniform() < light.basisX ? 0 : 1;
    const random = background || bobBasis !== basis[i];
    const received = random ? next() & 1 : bit[i]! ^ (uniform() < light.qber ? 1 : 0);
    detector[i] = bobBasis * 2 + received;
  }
  const rowOf = (s: number): number => {
    const near = Math.floor(s / gap);
    for (const row of [near, near - 1, near + 1]) if (slot[row] === s) return row;
    throw new Error(`no record of slot ${s}`);
  };
  const look = (column: Uint8Array, slots: Float64Array): Uint8Array =>
    Uint8Array.from(slots, (s) => column[rowOf(s)]!);
  return {
    emissions: async (slots) => ({
      intensity: look(intensity, slots),
      basis: look(basis, slots),
      bit: look(bit, slots),
    }),
    async *chunks() {
      for (let from = 0; from < n; from += light.chunk) {
        const to = Math.min(n, from + light.chunk);
        const untilSlot = to === n ? parameters.pulses : slot[to - 1]! + 1;
        yield { slot: slot.slice(from, to), detector: detector.slice(from, to), untilSlot };
      }
    },
  };
}

/** What a party keeps from session to session. */
export interface Site {
  readonly store: MemoryStore;
  readonly pads: MemoryPads;
}

/** Two sites that share authentication pads. */
export function twoSites(seed = 3): { alice: Site; bob: Site } {
  const site = (): Site => ({ store: new MemoryStore(), pads: new MemoryPads(seed) });
  return { alice: site(), bob: site() };
}

/**
 * A small block that still gives a key: the epsilon is what makes that possible, and makes the key worthless outside a
 * test.
 */
export const SMALL_BLOCK: SessionParameters = {
  sessionId: 'session-1',
  linkId: 'sky-ground',
  pulses: 1e9,
  meanPhotons: [0.8, 0.1, 0],
  probabilities: [0.5, 0.25, 0.25],
  detectorMismatch: 0,
  epsSec: 0.3,
  epsCor: 1e-15,
  proof: 'tilted',
  method: 'auto',
  monitorProbability: 0.05,
  alarm: { expectedQber: 0.02, qberDrift: 0.02, softFalseAlarm: 1e-4, hardQber: 0.11, hardFalseAlarm: 1e-6 },
};
export const SMALL_LIGHT: Light = { seed: 1, detections: 16_000, qber: 0.002, basisX: 0.6, chunk: 8000 };

/** One party's end of a session: what its promise came to, and the events on the way. */
export interface Outcome {
  readonly result: PromiseSettledResult<SessionReport>;
  /** The report, when there is one. */
  readonly report: SessionReport | undefined;
  readonly events: readonly SessionEvent[];
  /** Kinds of the alarms told, hard ones and soft ones. */
  readonly alarms: readonly string[];
  readonly warnings: readonly string[];
}

export interface Distillation {
  readonly parameters?: SessionParameters;
  /** Where Bob's parameters differ. */
  readonly bobParameters?: SessionParameters;
  readonly light?: Light;
  readonly tamper?: Tamper;
  readonly sites?: { readonly alice: Site; readonly bob: Site };
  readonly emissions?: (slots: Float64Array) => Promise<EmissionRecord>;
  readonly chunks?: BobOptions['chunks'];
  readonly seed?: number;
  /** Alice's clock. */
  readonly clock?: () => number;
}

/** Runs one session of both parties. */
export async function distil(options: Distillation = {}): Promise<{ alice: Outcome; bob: Outcome; messages: number }> {
  const { parameters = SMALL_BLOCK, light = SMALL_LIGHT, sites = twoSites(), seed = 40 } = options;
  const source = synthesise(parameters, light);
  const line = linePair(options.tamper);
  const aliceEvents: SessionEvent[] = [];
  const bobEvents: SessionEvent[] = [];
  const [alice, bob] = await settle(
    line,
    runAlice({
      parameters,
      channel: line.alice,
      emissions: options.emissions ?? source.emissions,
      keys: sites.alice.pads,
      store: sites.alice.store,
      random: seededBytes(seed),
      ...(options.clock ? { clock: options.clock } : {}),
      onEvent: (event) => aliceEvents.push(event),
    }),
    runBob({
      parameters: options.bobParameters ?? parameters,
      channel: line.bob,
      chunks: options.chunks ?? source.chunks(),
      keys: sites.bob.pads,
      store: sites.bob.store,
      random: seededBytes(seed + 1),
      onEvent: (event) => bobEvents.push(event),
    }),
  );
  return { alice: outcome(alice, aliceEvents), bob: outcome(bob, bobEvents), messages: line.sent() };
}

function outcome(result: PromiseSettledResult<SessionReport>, events: readonly SessionEvent[]): Outcome {
  const kinds = (severity: 'hard' | 'soft'): string[] =>
    events.flatMap((e) => (e.kind === 'alarm' && e.alarm.severity === severity ? [e.alarm.kind] : []));
  return {
    result,
    report: result.status === 'fulfilled' ? result.value : undefined,
    events,
    alarms: kinds('hard'),
    warnings: kinds('soft'),
  };
}
