import type { LinePolicy } from '../policy.ts';
import { DEFAULT_POLICY } from '../policy.ts';
import { Desk, EPOCHS, hoursOfKey, NOON } from './desk.ts';
import { below } from './random.ts';

/** How a line treats what is sent over it. */
export interface Weather {
  readonly loss: number;
  readonly doubled: number;
  /** Longest delay, ms; each message has its own, so that they overtake each other. */
  readonly delayMs: number;
}

export const FAIR: Weather = { loss: 0, doubled: 0, delayMs: 80 };
export const FOUL: Weather = { loss: 0.4, doubled: 0.2, delayMs: 600 };

interface UnderWay {
  readonly to: Desk;
  readonly bytes: Uint8Array;
  readonly dueMs: number;
}

/** Two desks, a line with weather, and a clock that both share. */
export class Wire {
  readonly desks: readonly [Desk, Desk];
  readonly #random: () => number;
  weather: Weather = FAIR;
  nowMs = NOON;
  #underWay: UnderWay[] = [];
  #epochs = 0;

  constructor(random: () => number, policy: LinePolicy = DEFAULT_POLICY, hours = 48) {
    this.#random = random;
    this.desks = [new Desk(1, policy), new Desk(2, policy)];
    this.agree(NOON);
    for (const desk of this.desks) desk.counts(hoursOfKey(hours, policy)).is({ type: 'emergency-pad', texts: 20 });
  }

  /** A fresh agreement, complete at `completedBy`. Its messages are not modelled: it is there, at one desk or at both. */
  agree(qkdMadeAtMs: number | null, completedBy: readonly Desk[] = this.desks): void {
    const [a, b] = this.desks.map(({ view }) => view.freshAgreement?.reopens ?? null);
    this.#epochs = (this.#epochs + 1) % EPOCHS.length;
    const id = EPOCHS[this.#epochs]!;
    for (const desk of completedBy) desk.is({ type: 'epoch', id, qkdMadeAtMs, reopens: a === b ? a! : null });
  }

  /** Time passes; what is due arrives, what is told leaves. `onStep` sees the desks after each `stepMs`. */
  pass(ms: number, onStep: () => void = () => {}, stepMs = 100): void {
    const untilMs = this.nowMs + ms;
    while (this.nowMs < untilMs) {
      this.nowMs += stepMs;
      const due = this.#underWay.filter(({ dueMs }) => dueMs <= this.nowMs).sort((a, b) => a.dueMs - b.dueMs);
      this.#underWay = this.#underWay.filter(({ dueMs }) => dueMs > this.nowMs);
      for (const { to, bytes } of due) to.hears(bytes);
      for (const desk of this.desks) {
        desk.after(stepMs);
        this.#send(desk);
      }
      onStep();
    }
  }

  #send(from: Desk): void {
    const to = this.desks[from === this.desks[0] ? 1 : 0];
    const { loss, doubled, delayMs } = this.weather;
    for (const bytes of from.outgoing.splice(0)) {
      const copies = (this.#random() < loss ? 0 : 1) + (this.#random() < doubled ? 1 : 0);
      for (let i = 0; i < copies; i++) {
        this.#underWay.push({ to, bytes, dueMs: this.nowMs + below(this.#random, delayMs) });
      }
    }
  }
}
