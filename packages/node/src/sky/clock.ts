import type { ClockState } from '@skykey/telemetry';

/** Fastest speed anybody may ask for, a multiple of real time. */
export const MAX_SPEED = 10_000;

/** What the automatic mode needs to know of the time ahead. */
export interface ClockPlan {
  /** Speed of the automatic mode at this mission time. */
  autoSpeed(utcMs: number): number;
  /** The next moment at which the automatic speed falls, so that no step jumps over it. */
  nextSlowdownMs(utcMs: number): number;
  /** The mission ends here. */
  readonly endMs: number;
  readonly endReason: string;
}

/** Mission time: runs at a multiple of real time, apart from the wall clock, which only feeds `advance`. */
export class MissionClock {
  #utcMs: number;
  #paused = false;
  #fixedSpeed: number | null = null;
  readonly #plan: ClockPlan;

  constructor(startMs: number, plan: ClockPlan) {
    this.#utcMs = startMs;
    this.#plan = plan;
  }

  get utcMs(): number {
    return this.#utcMs;
  }

  /** Where the clock would stand after this much wall time. */
  target(elapsedMs: number): number {
    const speed = this.speed();
    const target = this.#utcMs + elapsedMs * speed;
    const slowdown = this.#fixedSpeed === null ? this.#plan.nextSlowdownMs(this.#utcMs) : Number.POSITIVE_INFINITY;
    return Math.max(this.#utcMs, Math.min(target, slowdown, this.#plan.endMs));
  }

  /** Sets the clock forward; it never goes back. */
  moveTo(utcMs: number): void {
    this.#utcMs = Math.max(this.#utcMs, Math.min(utcMs, this.#plan.endMs));
  }

  speed(): number {
    if (this.#paused || this.#utcMs >= this.#plan.endMs) return 0;
    return this.#fixedSpeed ?? this.#plan.autoSpeed(this.#utcMs);
  }

  pause(paused: boolean): void {
    this.#paused = paused;
  }

  /** A fixed speed, or null for automatic. */
  setSpeed(speed: number | null): void {
    this.#fixedSpeed = speed;
  }

  state(): ClockState {
    const ended = this.#utcMs >= this.#plan.endMs;
    return {
      mode: this.#fixedSpeed === null ? 'auto' : 'fixed',
      paused: this.#paused,
      speed: this.speed(),
      ...(ended ? { stopped: this.#plan.endReason } : {}),
    };
  }
}
