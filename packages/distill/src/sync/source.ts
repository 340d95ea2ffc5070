import { DistillError } from '../error.ts';
import { MOST_CLAIMS } from '../protocol.ts';
import type { Acquisition, DetectionChunk } from '../types.ts';
import { acquire } from './acquire.ts';
import type { SettingsLaw } from './acquisition.ts';
import { SlotDetections } from './detections.ts';
import { claimTags, spentSlots } from './disclosure.ts';
import { FoldedLaw } from './folded.ts';
import { type Prediction, requirePositive, type Uncertainty } from './prediction.ts';
import { slopePeaks } from './slope.ts';
import { TagWindow } from './tag-window.ts';
import { type TrackedTags, Tracker, type TrackOptions } from './track.ts';

/** What a time tagger recorded, in order of time: whole ps on its own clock, and detectors, `basis * 2 + bit`. */
export interface RawTags {
  readonly timePs: Float64Array;
  readonly detector: Uint8Array;
}

/** All of it is fixed before the first tag is looked at (pitfalls P4 and P10). */
export interface RawOptions extends Pick<TrackOptions, 'jitterPs' | 'gatePs' | 'wander'> {
  readonly prediction: Prediction;
  /** The block of the session. */
  readonly pulses: number;
  readonly settings: SettingsLaw;
  /** Of the prediction, at any time of the pass. */
  readonly uncertainty: Uncertainty;
  /** Claims of one session, found or not. Left out: as many as the protocol allows. */
  readonly mostClaims?: number;
  readonly onSearch?: (event: SearchEvent) => void;
}

/** How the search for the slots goes, for people. */
export type SearchEvent =
  | { readonly kind: 'found'; readonly atSlot: number; readonly significance: number }
  | { readonly kind: 'refused'; readonly atSlot: number; readonly significance: number }
  | { readonly kind: 'lost'; readonly atSlot: number }
  /** No further claim is made: what is left of the pass gives no detection. */
  | { readonly kind: 'ended'; readonly atSlot: number };

/** A window is so long, and longer until it has enough tags; what the ephemeris misses bends it by 75 ps at the longest. */
const LEAST_WINDOW_PS = 1e11;
const LONGEST_WINDOW_PS = 1e12;
const ENOUGH_TAGS = 300;
/** After a refusal: more than can be claimed, where much is noise. */
const PLENTY_TAGS = 600;
/** Fewer hardly make the least significance: 1.1 nats a tag with Micius' settings, of 37 (`acquire`). Nothing is spent on them. */
const LEAST_TAGS = 40;
/** Nor on a window in which less of the tags is light, as far as their times show it: it is seldom found. */
const LEAST_LIGHT = 0.3;
/** After a refusal the next window is so much further on, twice as far after each one, up to the longest. */
const FIRST_PAUSE_PS = 1e11;
const LONGEST_PAUSE_PS = 4e12;
/** Refusals in a row that end the search: they reach over 100 s, and more where it was dark. */
const MOST_REFUSALS = 32;
/** Tags that are tracked at a time: so many at most are gone with a light that was lost. */
const PIECE_TAGS = 1 << 14;
const PIECE_PS = 1e12;

/**
 * Detections of a session from raw tags: finds the slots within the session, follows them, gates, and looks for them again
 * where they were lost. Windows, gate and number of attempts are set beforehand, and nothing but times decides what is kept;
 * detectors are looked at by `acquire` alone, in windows that are spent.
 *
 * Reads no further than the end of the block. That the receiver watched until then is for the caller to know: no tag, or no
 * more tags, count as darkness. Memory: a window or a piece, and what one chunk of tags makes.
 *
 * The chunks end with `distill/sync` for tags that are not in order, and where the light was never found; with
 * `distill/claim` for an answer that does not fit. Throws `distill/sync` for options out of range.
 */
export function rawDetections(
  tags: AsyncIterable<RawTags>,
  options: RawOptions,
): (acquisition: Acquisition) => AsyncIterable<DetectionChunk> {
  const { prediction, pulses, uncertainty, jitterPs, gatePs } = options;
  const { periodPs } = prediction;
  requirePositive('the uncertainty of the offset', uncertainty.offsetPs);
  requirePositive('the uncertainty of the slope', uncertainty.slope);
  if (!(Number.isSafeInteger(pulses) && pulses >= 1)) {
    throw new DistillError('distill/sync', `pulses is ${pulses}; it must be a whole number from 1 on`);
  }
  if (!(gatePs > 0 && gatePs <= periodPs)) {
    throw new DistillError(
      'distill/sync',
      `gatePs is ${gatePs}; it must be positive and at most a slot, ${periodPs} ps`,
    );
  }
  // It refuses a jitter that no phase can be seen through.
  const { contrast } = new FoldedLaw(periodPs, jitterPs);
  return (acquisition) => new Search(options, contrast, acquisition).chunks(tags);
}

/** A light that is followed. */
interface Track {
  readonly tracker: Tracker;
  readonly detections: SlotDetections;
}

class Search {
  readonly #options: RawOptions;
  readonly #contrast: number;
  readonly #acquisition: Acquisition;
  readonly #window = new TagWindow();
  readonly #pending = new PendingChunk();
  /** Slots by which a prediction may be off, at the ends of the longest window. */
  readonly #reach: number;
  #track: Track | undefined;
  #found = 0;
  #windows = 0;
  #claims = 0;
  #refusals = 0;
  #bestSignificance = 0;
  /** No slot before this one may be claimed or given. */
  #freeSlot = 0;
  #notBeforePs = Number.NEGATIVE_INFINITY;
  #lastPs = Number.NEGATIVE_INFINITY;
  #lastEmissionPs = Number.NEGATIVE_INFINITY;
  #rows = 0;

  constructor(options: RawOptions, contrast: number, acquisition: Acquisition) {
    this.#options = options;
    this.#contrast = contrast;
    this.#acquisition = acquisition;
    const { uncertainty, prediction } = options;
    const mostPs = uncertainty.offsetPs + (uncertainty.slope * LONGEST_WINDOW_PS) / 2;
    this.#reach = Math.ceil(mostPs / prediction.periodPs) + 2;
  }

  async *chunks(tags: AsyncIterable<RawTags>): AsyncGenerator<DetectionChunk> {
    const { prediction, pulses } = this.#options;
    const overPs = (pulses + this.#reach) * prediction.periodPs;
    try {
      for await (const { timePs, detector } of tags) {
        this.#check(timePs, detector);
        const emissionPs = prediction.emissionPs(timePs);
        this.#straighten(emissionPs);
        yield* this.#take(emissionPs, detector);
        if (this.#pending.length > 0) yield this.#pending.flush();
        if (emissionPs.length > 0 && emissionPs[emissionPs.length - 1]! > overPs) break;
      }
      yield* this.#end();
    } finally {
      this.#window.wipe();
    }
  }

  #check(timePs: Float64Array, detector: Uint8Array): void {
    const refuse = (what: string): never => {
      throw new DistillError('distill/sync', what);
    };
    if (timePs.length !== detector.length) {
      refuse(`a chunk of tags has ${timePs.length} times and ${detector.length} detectors`);
    }
    for (let i = 0; i < timePs.length; i++) {
      const here = timePs[i]!;
      if (!(here >= this.#lastPs && here < Number.POSITIVE_INFINITY)) {
        refuse(`tag ${this.#rows + i} is at ${here} ps after ${this.#lastPs}; tags must be in the order of time`);
      }
      if (detector[i]! > 3) refuse(`tag ${this.#rows + i} has detector ${detector[i]}, where 0 to 3 are possible`);
      this.#lastPs = here;
    }
    this.#rows += timePs.length;
  }

  /** Where two knots of the flight time meet they may differ a little, and tags there change places. */
  #straighten(emissionPs: Float64Array): void {
    for (let i = 0; i < emissionPs.length; i++) {
      this.#lastEmissionPs = Math.max(this.#lastEmissionPs, emissionPs[i]!);
      emissionPs[i] = this.#lastEmissionPs;
    }
  }

  async *#take(emissionPs: Float64Array, detector: Uint8Array): AsyncGenerator<DetectionChunk> {
    for (let at = 0; at < emissionPs.length; ) {
      if (this.#track) {
        const until = pieceEnd(emissionPs, at);
        this.#follow(
          this.#track,
          this.#track.tracker.push(emissionPs.subarray(at, until), detector.subarray(at, until)),
        );
        at = until;
        if (this.#track.tracker.lost) yield this.#leave(this.#track);
      } else {
        at = this.#gather(emissionPs, detector, at);
        // Alice must have heard of all slots before those that are claimed.
        if (this.#window.closed && this.#pending.length > 0) yield this.#pending.flush();
        if (this.#window.closed) await this.#claim();
      }
    }
  }

  #follow({ detections }: Track, tracked: TrackedTags): void {
    this.#pending.add(detections.push(tracked));
    tracked.detector.fill(0);
  }

  #leave({ detections }: Track): DetectionChunk {
    this.#pending.add(detections.leave());
    const chunk = this.#pending.flush();
    this.#freeSlot = Math.max(this.#freeSlot, chunk.untilSlot);
    this.#track = undefined;
    this.#options.onSearch?.({ kind: 'lost', atSlot: this.#freeSlot });
    return chunk;
  }

  /** Fills the window up to its end; returns the first tag that is not in it. */
  #gather(emissionPs: Float64Array, detector: Uint8Array, from: number): number {
    const { prediction, pulses, mostClaims = MOST_CLAIMS } = this.#options;
    const { periodPs } = prediction;
    if (this.#claims >= mostClaims || this.#refusals >= MOST_REFUSALS) return emissionPs.length;
    const firstPs = Math.max(this.#notBeforePs, (this.#freeSlot + this.#reach) * periodPs);
    const overPs = (pulses - this.#reach) * periodPs;
    const window = this.#window;
    const enough = this.#refusals > 0 ? PLENTY_TAGS : ENOUGH_TAGS;
    let at = from;
    while (at < emissionPs.length && emissionPs[at]! < firstPs) at++;
    for (; at < emissionPs.length && !window.closed; at++) {
      const here = emissionPs[at]!;
      if (here >= overPs) return emissionPs.length;
      if (window.length > 0 && here - window.firstPs > LONGEST_WINDOW_PS) {
        window.close();
        break;
      }
      window.add(here, detector[at]!);
      if (window.length >= enough && here - window.firstPs >= LEAST_WINDOW_PS) window.close();
    }
    return at;
  }

  /** By times alone. */
  #isWorthwhile(): boolean {
    const { prediction, uncertainty } = this.#options;
    const { emissionPs } = this.#window;
    const tags = emissionPs.length;
    if (tags < LEAST_TAGS || emissionPs[tags - 1]! - emissionPs[0]! < LEAST_WINDOW_PS / 2) return false;
    const [peak] = slopePeaks(emissionPs, prediction.periodPs, uncertainty.slope, 1);
    return peak !== undefined && peak.power >= tags * (LEAST_LIGHT * this.#contrast) ** 2;
  }

  /** Asks for what was sent about the tags of the window, and begins to track when that fits. */
  async #claim(): Promise<void> {
    const { prediction, pulses, settings, uncertainty, jitterPs, gatePs, wander, onSearch } = this.#options;
    const { periodPs } = prediction;
    const { emissionPs, detector } = this.#window;
    this.#windows++;
    const claimed = this.#isWorthwhile() ? claimTags(emissionPs, periodPs, uncertainty) : undefined;
    if (!claimed || claimed.row.length < LEAST_TAGS) return this.#window.wipe();
    const endPs = emissionPs[emissionPs.length - 1]!;
    this.#claims++;
    const answer = await this.#acquisition.ask(claimed.claim);
    this.#freeSlot = spentSlots(claimed.claim).until;
    const result = acquire({ emissionPs, detector, claimed, answer, settings, periodPs, jitterPs, uncertainty });
    this.#window.wipe();
    const { significance } = result;
    this.#bestSignificance = Math.max(this.#bestSignificance, significance);
    await this.#acquisition.settle({ found: result.kind === 'found', significance });
    if (result.kind === 'found') {
      const tracking: TrackOptions = { periodPs, jitterPs, gatePs, ...(wander ? { wander } : {}) };
      const tracker = new Tracker(tracking, result, endPs);
      // The window's last tag is gone, so its slot is: of two clicks in it the other would be left as a single one.
      const fromSlot = Math.min(pulses, Math.max(this.#freeSlot, tracker.firstSlot + 1));
      this.#track = { tracker, detections: new SlotDetections(pulses, fromSlot) };
      this.#found++;
      this.#refusals = 0;
      onSearch?.({ kind: 'found', atSlot: this.#freeSlot, significance });
      return;
    }
    this.#notBeforePs = endPs + Math.min(LONGEST_PAUSE_PS, FIRST_PAUSE_PS * 2 ** this.#refusals);
    this.#refusals++;
    onSearch?.({ kind: 'refused', atSlot: this.#freeSlot, significance });
    const { mostClaims = MOST_CLAIMS } = this.#options;
    if (this.#claims >= mostClaims || this.#refusals >= MOST_REFUSALS) {
      onSearch?.({ kind: 'ended', atSlot: this.#freeSlot });
    }
  }

  async *#end(): AsyncGenerator<DetectionChunk> {
    const { pulses, uncertainty } = this.#options;
    if (!this.#track && this.#window.length > 0) await this.#claim();
    if (this.#found === 0) {
      throw new DistillError(
        'distill/sync',
        `no light was found: of ${this.#windows} windows ${this.#claims} looked like light, and none fitted what was sent ` +
          `(best significance ${this.#bestSignificance.toFixed(1)}); see whether the clock, the flight time and the instant ` +
          `of slot 0 are those of this pass, and are as good as was said, ${uncertainty.offsetPs} ps and ${uncertainty.slope}`,
      );
    }
    if (this.#track) {
      const tracked = this.#track.tracker.finish();
      this.#pending.add(this.#track.detections.finish(tracked));
      tracked.detector.fill(0);
    } else {
      this.#pending.add({ slot: new Float64Array(0), detector: new Uint8Array(0), untilSlot: pulses });
    }
    yield this.#pending.flush();
  }
}

/** Where a piece that begins here ends. */
function pieceEnd(emissionPs: Float64Array, from: number): number {
  const most = Math.min(emissionPs.length, from + PIECE_TAGS);
  const endPs = emissionPs[from]! + PIECE_PS;
  let until = from + 1;
  while (until < most && emissionPs[until]! < endPs) until++;
  return until;
}

/** Chunks that are put into one. */
class PendingChunk {
  #parts: DetectionChunk[] = [];
  #untilSlot = 0;

  get length(): number {
    return this.#parts.length;
  }

  add(part: DetectionChunk): void {
    this.#parts.push(part);
    this.#untilSlot = part.untilSlot;
  }

  flush(): DetectionChunk {
    const rows = this.#parts.reduce((sum, { slot }) => sum + slot.length, 0);
    const slot = new Float64Array(rows);
    const detector = new Uint8Array(rows);
    let at = 0;
    for (const part of this.#parts) {
      slot.set(part.slot, at);
      detector.set(part.detector, at);
      part.detector.fill(0);
      at += part.slot.length;
    }
    this.#parts = [];
    return { slot, detector, untilSlot: this.#untilSlot };
  }
}
