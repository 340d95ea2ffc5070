import { type Emissions, emissionOf, type Source } from '@skykey/photons';

/**
 * What a transmitter sent during one pass, as far as anybody will ask: the slots that led to a detection are kept, any
 * other slot is drawn from the source when asked, the same way each time.
 */
export class Transmission {
  readonly #seed: number;
  readonly #source: Source;
  readonly #pulsesPerBin: number;
  readonly #bins: Emissions[] = [];

  constructor(options: { seed: number; source: Source; pulsesPerBin: number }) {
    this.#seed = options.seed;
    this.#source = options.source;
    this.#pulsesPerBin = options.pulsesPerBin;
  }

  /** Keeps the emissions of the next bin; bins come in order and without gaps. */
  add(bin: Emissions): void {
    this.#bins.push(bin);
  }

  at(slots: Float64Array): Emissions {
    const n = slots.length;
    const found = { slot: slots, intensity: new Uint8Array(n), basis: new Uint8Array(n), bit: new Uint8Array(n) };
    for (let i = 0; i < n; i++) {
      const slot = slots[i]!;
      const bin = this.#bins[Math.floor(slot / this.#pulsesPerBin)];
      const row = bin ? rowOf(bin.slot, slot) : -1;
      if (bin && row >= 0) {
        found.intensity[i] = bin.intensity[row]!;
        found.basis[i] = bin.basis[row]!;
        found.bit[i] = bin.bit[row]!;
      } else {
        const sent = emissionOf(this.#seed, slot, this.#source);
        found.intensity[i] = sent.intensity;
        found.basis[i] = sent.basis;
        found.bit[i] = sent.bit;
      }
    }
    return found;
  }
}

/** Row of `slot` in a rising list, or -1. */
function rowOf(slots: Float64Array, slot: number): number {
  let low = 0;
  let high = slots.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const at = slots[middle]!;
    if (at === slot) return middle;
    if (at < slot) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
