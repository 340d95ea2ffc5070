/**
 * Key that links will have: what is in store, and contacts to come. Chance is carried as realisations: the same place in
 * every contact is the same weather, so that clouds over two stations, or one night after another, stay as correlated as
 * whoever made the plan has them, and nothing here assumes that passes are independent.
 */
import { KmeError } from '../error.ts';

/** A stretch of time in which a quantum link makes a block of key. */
export interface Contact {
  readonly link: string;
  readonly startMs: number;
  readonly endMs: number;
  /** When both ends have the key in store, which is after its light: not before `endMs`. */
  readonly readyMs: number;
  /** Secret bits in every realisation; as many in every contact of a plan. */
  readonly bits: Float64Array;
}

/** A contact of which only a few figures are known. */
export interface ContactOutlook {
  /** Of any key at all. */
  readonly probability: number;
  /** Of the key that there is then, bits: mean and standard deviation of a normal law, cut at 0. */
  readonly meanBits: number;
  readonly spreadBits: number;
}

/**
 * Realisations of a contact that depends on no other. `uniform`: random numbers from 0 to below 1, handed in with their
 * seed. Throws KmeError `kme/argument`.
 */
export function drawBits(outlook: ContactOutlook, realisations: number, uniform: () => number): Float64Array {
  const { probability, meanBits, spreadBits } = outlook;
  if (
    !(
      probability >= 0 &&
      probability <= 1 &&
      meanBits >= 0 &&
      spreadBits >= 0 &&
      Number.isFinite(meanBits + spreadBits)
    )
  ) {
    throw new KmeError(
      'kme/argument',
      `a contact with probability ${probability}, meanBits ${meanBits} and spreadBits ${spreadBits}: the first must be from 0 to 1, the others 0 or more`,
    );
  }
  checkRealisations(realisations);
  return Float64Array.from({ length: realisations }, () => {
    // Three numbers for each, so that the luck of one realisation does not shift that of the next.
    const [clear, u, v] = [uniform(), uniform(), uniform()];
    const normal = Math.sqrt(-2 * Math.log(1 - u)) * Math.cos(2 * Math.PI * v);
    return clear < probability ? Math.max(0, Math.floor(meanBits + spreadBits * normal)) : 0;
  });
}

/** Blocks of a link that makes key all the time, as a fibre does: the same in every realisation. */
export function steadyContacts(
  link: string,
  block: { readonly bits: number; readonly everyMs: number },
  period: { readonly fromMs: number; readonly toMs: number },
  realisations: number,
): Contact[] {
  checkRealisations(realisations);
  const { everyMs } = block;
  const { fromMs, toMs } = period;
  if (!(everyMs > 0 && block.bits >= 0 && toMs - fromMs < 1e5 * everyMs)) {
    throw new KmeError(
      'kme/argument',
      `blocks of ${block.bits} bits every ${everyMs} ms on ${link}: bits must be 0 or more, and at most 100,000 blocks fit between fromMs and toMs`,
    );
  }
  const bits = new Float64Array(realisations).fill(block.bits);
  return Array.from({ length: Math.max(0, Math.floor((toMs - fromMs) / everyMs)) }, (_, i) => {
    const startMs = fromMs + i * everyMs;
    return { link, startMs, endMs: startMs + everyMs, readyMs: startMs + everyMs, bits };
  });
}

function checkRealisations(realisations: number): void {
  if (Number.isSafeInteger(realisations) && realisations >= 1 && realisations <= 100_000) return;
  throw new KmeError(
    'kme/argument',
    `${realisations} realisations are asked for; it must be a whole number from 1 to 100,000`,
  );
}

/** The key of one link over time. */
export class Supply {
  readonly #stockBits: number;
  readonly #stockAtMs: number;
  readonly #readyMs: readonly number[];
  /** Sums over the first contacts: a row of realisations for none, one, two … of them. */
  readonly #sums: readonly Float64Array[];

  /** `stockAtMs`: when the oldest bit in store was made. */
  constructor(stockBits: number, stockAtMs: number, contacts: readonly Contact[], realisations: number) {
    const sorted = [...contacts].sort((a, b) => a.readyMs - b.readyMs);
    this.#stockBits = stockBits;
    this.#stockAtMs = stockAtMs;
    this.#readyMs = sorted.map(({ readyMs }) => readyMs);
    const sums = [new Float64Array(realisations)];
    for (const { bits } of sorted) {
      const sum = sums.at(-1)!.slice();
      for (let r = 0; r < sum.length; r++) sum[r]! += bits[r]!;
      sums.push(sum);
    }
    this.#sums = sums;
  }

  /**
   * Lowers each of `bits` to what the link has got by `byMs`, made at `sinceMs` or later; what is in store now counts as
   * old as its oldest bit.
   */
  limit(bits: Float64Array, sinceMs: number, byMs: number): void {
    const stock = this.#stockAtMs >= sinceMs ? this.#stockBits : 0;
    const [from, to] = this.#span(sinceMs, byMs);
    const before = this.#sums[from]!;
    const after = this.#sums[to]!;
    for (let r = 0; r < bits.length; r++) {
      const got = stock + Math.max(0, after[r]! - before[r]!);
      if (got < bits[r]!) bits[r] = got;
    }
  }

  /** The same for all times between which nothing comes or grows too old. */
  place(sinceMs: number, byMs: number): string {
    return `${this.#span(sinceMs, byMs).join(' ')} ${this.#stockAtMs >= sinceMs}`;
  }

  #span(sinceMs: number, byMs: number): [number, number] {
    return [this.#count((readyMs) => readyMs < sinceMs), this.#count((readyMs) => readyMs <= byMs)];
  }

  /** How many contacts, in order of time, satisfy a condition that holds up to some moment. */
  #count(holds: (readyMs: number) => boolean): number {
    let low = 0;
    let high = this.#readyMs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (holds(this.#readyMs[middle]!)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
