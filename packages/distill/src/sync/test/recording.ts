import type { DetectionChunk } from '../../types.ts';
import { type AcquisitionClaim, type AcquisitionOutcome, answerClaim, spentSlots } from '../disclosure.ts';
import { Prediction } from '../prediction.ts';
import { type RawOptions, type RawTags, rawDetections, type SearchEvent } from '../source.ts';
import { type Flyby, type FlybyOptions, flyby, JITTER_PS, SETTINGS } from './flyby.ts';
import { UNCERTAINTY } from './rehearsal.ts';

/** A pass that was played once, as Bob's tagger has it, with its truth. */
export interface Recorded {
  readonly pass: Flyby;
  readonly timePs: Float64Array;
  readonly detector: Uint8Array;
  /** The slot of each tag; that of its arrival for what is not light. */
  readonly slot: Float64Array;
  /** 1 for light of Alice's. */
  readonly light: Uint8Array;
  readonly pulses: number;
  readonly options: RawOptions;
}

export function recorded(of: FlybyOptions, pulses = Math.round((of.durationS - 0.05) * of.pulseRateHz)): Recorded {
  const pass = flyby(of);
  const bins = [...pass.bins()];
  const rows = bins.reduce((sum, { slot }) => sum + slot.length, 0);
  const [timePs, detector, slot, light] = [
    new Float64Array(rows),
    new Uint8Array(rows),
    new Float64Array(rows),
    new Uint8Array(rows),
  ];
  let at = 0;
  for (const bin of bins) {
    timePs.set(bin.readingPs, at);
    detector.set(bin.tags.detector, at);
    slot.set(bin.slot, at);
    for (const cause of bin.truth.cause) light[at++] = cause === 0 ? 1 : 0;
  }
  const train = { firstPs: 0, pulseRateHz: of.pulseRateHz };
  const options: RawOptions = {
    prediction: new Prediction({ offsetPs: 0, driftPsPerS: 0 }, pass.light, train),
    pulses,
    settings: SETTINGS,
    uncertainty: UNCERTAINTY,
    jitterPs: Math.hypot(of.jitterPs ?? JITTER_PS, of.clockJitterPs ?? 0),
    gatePs: Math.min(2000, pass.periodPs),
  };
  return { pass, timePs, detector, slot, light, pulses, options };
}

/** In pieces of so many tags. */
export async function* inPieces({ timePs, detector }: RawTags, piece = 5000): AsyncGenerator<RawTags> {
  for (let at = 0; at < timePs.length; at += piece) {
    yield { timePs: timePs.subarray(at, at + piece), detector: detector.subarray(at, at + piece) };
  }
}

/** What came of a recording whose claims Alice answers; she refuses those that the protocol does. */
export interface Taken {
  readonly chunks: readonly DetectionChunk[];
  readonly slot: readonly number[];
  readonly claims: readonly AcquisitionClaim[];
  readonly outcomes: readonly AcquisitionOutcome[];
  readonly events: readonly SearchEvent[];
}

export async function taken(
  recording: Recorded,
  tags: AsyncIterable<RawTags> = inPieces(recording),
  emissions: Flyby['emissions'] = recording.pass.emissions,
  change: Partial<RawOptions> = {},
): Promise<Taken> {
  const [chunks, claims, outcomes, events] = [
    [] as DetectionChunk[],
    [] as AcquisitionClaim[],
    [] as AcquisitionOutcome[],
    [] as SearchEvent[],
  ];
  const { pulses, options } = recording;
  let watchedUntil = 0;
  const source = rawDetections(tags, { ...options, onSearch: (event) => events.push(event), ...change });
  const acquisition = {
    ask: async (claim: AcquisitionClaim) => {
      claims.push(claim);
      const answer = answerClaim(claim, emissions, { sentUntil: pulses, settledUntil: watchedUntil });
      watchedUntil = spentSlots(claim).until;
      return answer;
    },
    settle: async (outcome: AcquisitionOutcome) => {
      outcomes.push(outcome);
    },
  };
  try {
    for await (const chunk of source(acquisition)) {
      const { slot, untilSlot } = chunk;
      if (untilSlot < watchedUntil || untilSlot > pulses) throw new Error(`until ${untilSlot} after ${watchedUntil}`);
      if (slot.some((one) => one < watchedUntil || one >= untilSlot)) throw new Error(`a slot before ${watchedUntil}`);
      watchedUntil = untilSlot;
      chunks.push(chunk);
    }
  } catch (error) {
    throw Object.assign(error as Error, { claims, outcomes, events });
  }
  return { chunks, claims, outcomes, events, slot: chunks.flatMap(({ slot }) => [...slot]) };
}
