import { SecretBytes } from '@skykey/bits';
import { runAlice } from '../alice.ts';
import { runBob } from '../bob.ts';
import { Inbox } from '../inbox.ts';
import type {
  AuthenticationKeys,
  BlockStore,
  Channel,
  RandomBytes,
  SessionParameters,
  SessionReport,
  Stage,
} from '../types.ts';
import { Light } from './light.ts';

/** A whole session, both parties in one process and one thread, from detections to released keys. */

export interface ChainOptions {
  /** Bits that both prepared and measured in the key basis: about so many. */
  readonly siftedBits: number;
  readonly seed: number;
  readonly random: RandomBytes;
  /** Processor seconds used so far. */
  readonly cpuS: () => number;
  /** Called at every stage of a session, for whoever watches memory. */
  readonly onStage?: () => void;
}

export interface ChainRun {
  /** Bits of the raw key: n_X of all intensities. The test bits come on top and are not counted. */
  readonly siftedBits: number;
  readonly secretBits: number;
  /** Of both parties, from the first word to the released key. */
  readonly cpuS: number;
  /** The same, by what was under way. */
  readonly stages: Readonly<Partial<Record<Stage, number>>>;
  readonly roundTrips: number;
  readonly classicalBytes: number;
}

/** A pass of the kind that a satellite gives: three intensities, most light in the key basis, 1 % errors. */
const PASS = {
  qber: 0.01,
  basisX: 0.9,
  shares: [0.94, 0.0585, 0.0015],
  slotsPerDetection: 16_384,
  chunk: 32_768,
} as const;
/** Sessions before those that are timed: over the first few, the engine still finds out what to compile, and how well. */
export const WARM_UP_SESSIONS = 3;

const MONITOR = 1 / 32;
/** Of all detections, those that end in the raw key. */
const YIELD = PASS.basisX ** 2 * (1 - MONITOR);

function parametersOf(pulses: number, seed: number): SessionParameters {
  return {
    sessionId: `bench-${seed}`,
    linkId: 'bench',
    pulses,
    meanPhotons: [0.8, 0.1, 0],
    probabilities: [0.5, 0.25, 0.25],
    detectorMismatch: 0,
    epsSec: 1e-9,
    epsCor: 1e-15,
    proof: 'tilted',
    method: 'cascade',
    monitorProbability: MONITOR,
    alarm: { expectedQber: 0.01, qberDrift: 0.02, softFalseAlarm: 1e-4, hardQber: 0.11, hardFalseAlarm: 1e-6 },
  };
}

/** The light of such sessions, one after the other, drawn beforehand. */
export function lightOf({ siftedBits, seed }: Pick<ChainOptions, 'siftedBits' | 'seed'>): Light {
  return new Light({ ...PASS, seed, detections: Math.ceil(siftedBits / YIELD) });
}

/** Runs the session. Throws when it gives no key, or two keys: then there is nothing to measure. */
export async function distilBoth(light: Light, options: ChainOptions): Promise<ChainRun> {
  const { seed, random, cpuS, onStage } = options;
  const parameters = parametersOf(light.pulses, seed);
  const [aliceEnd, bobEnd] = channelPair();
  const [alice, bob] = [new Shelf(), new Shelf()];
  const stages: Partial<Record<Stage, number>> = {};
  const start = cpuS();
  let [stage, since]: [Stage, number] = ['detect', start];
  const common = { parameters, random };
  const [report] = await Promise.all([
    runAlice({
      ...common,
      channel: aliceEnd,
      keys: new Pads(seed),
      store: alice,
      emissions: light.emissions,
      onEvent(event) {
        if (event.kind !== 'stage') return;
        onStage?.();
        const now = cpuS();
        stages[stage] = (stages[stage] ?? 0) + now - since;
        [stage, since] = [event.stage, now];
      },
    }),
    runBob({ ...common, channel: bobEnd, keys: new Pads(seed), store: bob, chunks: light.chunks() }),
  ]);
  const spent = cpuS() - start;
  if (!(alice.released?.equals(bob.released ?? SecretBytes.adopt(new Uint8Array(0))) ?? false))
    throw new Error(`the session of the bench gave no key: ${report.reason ?? report.verdict}`);
  return { ...figuresOf(report), cpuS: spent, stages };
}

function figuresOf(report: SessionReport): Omit<ChainRun, 'cpuS' | 'stages'> {
  const [signal, decoy, weakest] = report.keyDetections;
  return {
    siftedBits: signal + decoy + weakest,
    secretBits: report.secretBits,
    roundTrips: report.reconciliation.roundTrips,
    classicalBytes: report.classicalBytes,
  };
}

/** Two ends of a line in memory. */
function channelPair(): [Channel, Channel] {
  const [toAlice, toBob] = [new Inbox(), new Inbox()];
  const end = (inbox: Inbox, outbox: Inbox): Channel => ({
    send: async (message) => outbox.put(message),
    receive: () => inbox.take(),
  });
  return [end(toAlice, toBob), end(toBob, toAlice)];
}

/** Room for one block. */
class Shelf implements BlockStore {
  #held: SecretBytes | undefined;
  released: SecretBytes | undefined;

  async begin(): Promise<void> {}
  async wasBegun(): Promise<boolean> {
    return false;
  }
  async hold(_: string, key: SecretBytes): Promise<void> {
    this.#held = key;
  }
  async release(): Promise<void> {
    this.released = this.#held;
  }
  async discard(): Promise<void> {}
  async held(): Promise<readonly string[]> {
    return [];
  }
  async wasReleased(): Promise<boolean> {
    return false;
  }
}

/** Pads that both sides make from one number. */
class Pads implements AuthenticationKeys {
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  #bytes(index: number): SecretBytes {
    return SecretBytes.adopt(Uint8Array.from({ length: 16 }, (_, i) => Math.imul(this.#seed + 1, 40_503 + index) >> i));
  }

  hashKey = async (): Promise<SecretBytes> => this.#bytes(0);
  nextPad = async (): Promise<number> => 0;
  look = async (index: number): Promise<SecretBytes> => this.#bytes(index + 1);
  pad = async (index: number): Promise<SecretBytes> => this.#bytes(index + 1);
}
