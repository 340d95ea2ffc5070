import type { FrameTotals } from './contract.ts';

/** A voice has a frame every 20 ms; this much without one is a silence people notice. */
const VOICE_MS = 1500;
/** A picture may stand still for a moment. */
const PICTURE_MS = 2000;
/** Single frames are refused in every renewal and after every loss; this long nothing but refusals is a wrong key. */
const REFUSED_MS = 1500;

/** Tells from the worker's counts whether anything that can be opened arrives at the moment. Times in ms, going forward. */
export class Flow {
  #before: FrameTotals | null = null;
  #voiceMs: number | null = null;
  #pictureMs: number | null = null;
  /** Since when frames are refused and none opened. */
  #refusingMs: number | null = null;

  after(counts: FrameTotals, nowMs: number): { voiceArrives: boolean; pictureArrives: boolean; refuses: boolean } {
    const before = this.#before;
    this.#before = counts;
    const grew = (kind: 'opened' | 'refused', stream: 'audio' | 'video') =>
      counts[kind][stream] > (before?.[kind][stream] ?? 0);
    if (grew('opened', 'audio')) this.#voiceMs = nowMs;
    if (grew('opened', 'video')) this.#pictureMs = nowMs;
    if (grew('opened', 'audio') || grew('opened', 'video')) this.#refusingMs = null;
    else if (grew('refused', 'audio') || grew('refused', 'video')) this.#refusingMs ??= nowMs;
    return {
      voiceArrives: this.#voiceMs !== null && nowMs - this.#voiceMs < VOICE_MS,
      pictureArrives: this.#pictureMs !== null && nowMs - this.#pictureMs < PICTURE_MS,
      refuses: this.#refusingMs !== null && nowMs - this.#refusingMs >= REFUSED_MS,
    };
  }
}
