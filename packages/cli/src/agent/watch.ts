/**
 * Holds a tunnel to its rule: a key that is younger than the maximum, or closed. Looks at the tunnel besides, since other
 * programs can touch it too.
 */
import type { Memory } from './memory.ts';
import type { Report } from './report.ts';
import type { Tunnel, TunnelKey } from './tunnel.ts';

export interface WatchOptions {
  readonly tunnel: Tunnel;
  readonly memory: Memory;
  readonly report: Report;
  readonly maxKeyAgeS: number;
  readonly checkS: number;
  /** The tunnel was closed, or is not as it should be: a new key is wanted at once. */
  readonly onBroken: () => void;
}

export class Watch {
  readonly #options: WatchOptions;
  #turn: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #held: { keyId: string; wallMs: number; steadyMs: number } | null = null;
  /** Why the key in use may be known to somebody, since when, and how long that is borne. */
  #doubt: { reason: string; sinceMs: number; untilMs: number } | null = null;
  #shut = false;
  #ended = false;
  #looking = false;
  #lastFailure = 'no rotation has been tried';
  #complaint = '';

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#held !== null;
  }

  /** Of the key in use. */
  get keyId(): string | null {
    return this.#held?.keyId ?? null;
  }

  get inDoubt(): boolean {
    return this.#doubt !== null;
  }

  /** The key in use may be known to somebody: after `limitMs` the tunnel is closed, unless there is one asked for later. */
  doubt(reason: string, limitMs: number): void {
    if (!this.#held || this.#doubt) return;
    const sinceMs = performance.now();
    this.#doubt = { reason, sinceMs, untilMs: sinceMs + limitMs };
    this.#lookSoon();
  }

  /** There will be no other key soon: a tunnel whose key is in doubt, and not to be kept, is closed now. */
  despair(): void {
    if (!this.#doubt || this.#doubt.untilMs === Number.POSITIVE_INFINITY) return;
    this.#doubt.untilMs = performance.now();
    this.#lookSoon();
  }

  /** Whatever an earlier agent left is kept only when it can be told to be young enough and in order. */
  async begin(): Promise<void> {
    const { tunnel, memory, maxKeyAgeS } = this.#options;
    await this.#inTurn(() => tunnel.open());
    const left = memory.recall();
    const ageMs = left ? Date.now() - left.sinceMs : Number.NaN;
    const young = ageMs >= 0 && ageMs <= maxKeyAgeS * 1000;
    const wrong = young ? await this.#inTurn(() => tunnel.wrong(true)) : 'nothing tells how old its key is';
    if (left && young && !wrong) {
      this.#held = { keyId: left.keyId, wallMs: left.sinceMs, steadyMs: performance.now() - ageMs };
    } else {
      await this.#close(left && !young ? `the key is older than ${maxKeyAgeS} s` : wrong!);
    }
    this.#look();
  }

  /** One step of a round: never beside another, nor beside a closing. */
  install(key: TunnelKey): Promise<void> {
    return this.#inTurn(() => this.#options.tunnel.install(key));
  }

  start(keyId: string): Promise<string> {
    return this.#inTurn(() => this.#options.tunnel.start(keyId));
  }

  verify(keyId: string, evidence: string): Promise<void> {
    return this.#inTurn(() => this.#options.tunnel.verify(keyId, evidence));
  }

  /** The new key works at both ends: it counts from when it was asked for, and every other is taken away. */
  renew(keyId: string, since: { wallMs: number; steadyMs: number }): Promise<void> {
    return this.#inTurn(async () => {
      const { tunnel, memory } = this.#options;
      await tunnel.retire(keyId);
      // Killed before this line, the next agent takes the key for older than it is.
      memory.remember({ keyId, sinceMs: since.wallMs });
      this.#held = { keyId, ...since };
      if (this.#doubt && since.steadyMs >= this.#doubt.sinceMs) this.#doubt = null;
      this.#shut = false;
      this.#complaint = '';
    });
  }

  /** Why there is no newer key, for the day when the tunnel has to be closed. */
  failed(reason: string): void {
    this.#lastFailure = reason;
  }

  /** The agent ends: with `close`, the tunnel too. */
  async end(close: boolean): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#timer);
    if (close) await this.#inTurn(() => this.#close('the agent ends'));
    else await this.#turn;
    this.#options.tunnel.release();
  }

  #look(): void {
    if (this.#ended) return;
    const { maxKeyAgeS, checkS } = this.#options;
    const leftMs = this.#held ? maxKeyAgeS * 1000 - this.#ageMs() + 1 : Number.POSITIVE_INFINITY;
    const doubtMs = this.#doubt ? this.#doubt.untilMs - performance.now() + 1 : Number.POSITIVE_INFINITY;
    this.#timer = setTimeout(
      () => {
        this.#looking = true;
        void this.#inTurn(() => this.#inspect())
          .catch((error: Error) => this.#complain(`the tunnel cannot be looked at: ${error.message}`))
          .finally(() => {
            this.#looking = false;
            this.#look();
          });
      },
      Math.max(0, Math.min(leftMs, doubtMs, checkS * 1000)),
    );
  }

  /** A look that is under way sets the time of the next one by itself. */
  #lookSoon(): void {
    if (this.#looking) return;
    clearTimeout(this.#timer);
    this.#look();
  }

  async #inspect(): Promise<void> {
    const { tunnel, maxKeyAgeS, onBroken } = this.#options;
    if (this.#ended) return;
    if (this.#held && this.#ageMs() > maxKeyAgeS * 1000) {
      await this.#close(`its key is older than ${maxKeyAgeS} s, and there is no newer one: ${this.#lastFailure}`);
      return;
    }
    if (this.#held && this.#doubt && performance.now() >= this.#doubt.untilMs) {
      await this.#close(`${this.#doubt.reason}, and there is no newer key: ${this.#lastFailure}`);
      return;
    }
    if (!this.#held && !this.#shut) {
      await this.#close('it could not be closed before');
      return;
    }
    const wrong = await tunnel.wrong(this.#held !== null);
    if (wrong) {
      await this.#close(wrong);
      onBroken();
    }
  }

  /** The greater of two clocks: one may have been set, the other stood still while the machine slept. */
  #ageMs(): number {
    if (!this.#held) return Number.POSITIVE_INFINITY;
    const { wallMs, steadyMs } = this.#held;
    return Math.max(Date.now() - wallMs, performance.now() - steadyMs);
  }

  async #close(reason: string): Promise<void> {
    const { tunnel, memory, report } = this.#options;
    this.#held = null;
    this.#doubt = null;
    this.#shut = false;
    await tunnel.shut();
    this.#shut = true;
    memory.forget();
    report({ event: 'closed', tunnel: tunnel.name, reason });
  }

  #complain(warning: string): void {
    if (warning === this.#complaint) return;
    this.#complaint = warning;
    this.#options.report({ event: 'warning', tunnel: this.#options.tunnel.name, reason: warning });
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(run);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}
