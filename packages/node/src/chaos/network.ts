import type { PeerLink } from '@skykey/kme';
import type { Random } from '@skykey/photons';
import type { Clockwork } from './clockwork.ts';
import { type Life, never } from './machine.ts';

/** Chances of what happens to one message on its way. */
export interface NetworkFaults {
  readonly lost: number;
  /** It comes a second time, up to five seconds later. */
  readonly doubled: number;
  /** It takes up to four seconds instead of some milliseconds, so that others overtake it. */
  readonly late: number;
  /** A bit of it is turned. */
  readonly mangled: number;
}

export const NO_FAULTS: NetworkFaults = { lost: 0, doubled: 0, late: 0, mangled: 0 };

/** Longest that a caller waits for an answer. */
const PATIENCE_MS = 2_500;

/** Lines between nodes, on which nothing can be relied upon. */
export class Network {
  faults: NetworkFaults = NO_FAULTS;
  readonly counts = { sent: 0, lost: 0, doubled: 0, late: 0, mangled: 0 };
  readonly #clockwork: Clockwork;
  readonly #random: Random;
  /** Who of a node gets the next message. */
  readonly #receiver: (node: string) => Life | undefined;
  readonly #cut = new Map<string, number>();

  constructor(clockwork: Clockwork, random: Random, receiver: (node: string) => Life | undefined) {
    this.#clockwork = clockwork;
    this.#random = random;
    this.#receiver = receiver;
  }

  /** No message passes between two nodes for so long. */
  part(a: string, b: string, ms: number): void {
    this.#cut.set(lineOf(a, b), this.#clockwork.nowMs + ms);
  }

  heal(): void {
    this.#cut.clear();
    this.faults = NO_FAULTS;
  }

  link(from: Life, to: string): PeerLink {
    return { call: (message) => this.#call(from, to, message) };
  }

  async #call(from: Life, to: string, message: Uint8Array): Promise<Uint8Array> {
    const { machine } = from;
    if (!machine.passes(from, 'before a message leaves')) return never();
    const answer = await new Promise<Uint8Array>((resolve, reject) => {
      this.#clockwork.after(PATIENCE_MS, () => reject(new Error('no answer in time')));
      this.#send(machine.node, to, message, (arrived) => {
        void this.#arrive(to, arrived, (answered) => this.#send(to, machine.node, answered, resolve));
      });
    }).catch((error) => (from.isAlive ? Promise.reject(error) : never<Uint8Array>()));
    return machine.passes(from, 'as an answer arrives') ? answer : never();
  }

  async #arrive(to: string, message: Uint8Array, answer: (bytes: Uint8Array) => void): Promise<void> {
    const life = this.#receiver(to);
    if (!life?.machine.passes(life, 'as a message arrives')) return;
    const answered = await life.serving.exchange.handle(message);
    if (life.machine.passes(life, 'before an answer leaves')) answer(answered);
  }

  #send(from: string, to: string, message: Uint8Array, arrive: (bytes: Uint8Array) => void): void {
    const { faults, counts } = this;
    const chance = (p: number): boolean => p > 0 && this.#random.uniform() < p;
    counts.sent++;
    const isCut = (this.#cut.get(lineOf(from, to)) ?? 0) > this.#clockwork.nowMs;
    const bytes = message.slice();
    if (chance(faults.mangled)) {
      counts.mangled++;
      bytes[Math.floor(this.#random.uniform() * bytes.length)]! ^= 1 << Math.floor(this.#random.uniform() * 8);
    }
    if (isCut || chance(faults.lost)) counts.lost++;
    else {
      const isLate = chance(faults.late);
      if (isLate) counts.late++;
      this.#clockwork.after(isLate ? this.#random.uniform() * 4_000 : 2 + this.#random.uniform() * 30, () =>
        arrive(bytes),
      );
    }
    if (!isCut && chance(faults.doubled)) {
      counts.doubled++;
      this.#clockwork.after(this.#random.uniform() * 5_000, () => arrive(bytes.slice()));
    }
  }
}

const lineOf = (a: string, b: string): string => [a, b].sort().join(' ');
