import type { PhotonBin } from './types.ts';

/** Columns that grow and are used again from bin to bin; `cut` copies out what one bin filled. */
export class Rows {
  rows = 0;
  slots = 0;
  #capacity = 0;
  #slot = new Float64Array(0);
  #detector = new Uint8Array(0);
  #offsetPs = new Int16Array(0);
  #photons = new Uint8Array(0);
  #cause = new Uint8Array(0);
  #attacked = new Uint8Array(0);
  #eveKnows = new Uint8Array(0);
  #sentSlot = new Float64Array(0);
  #intensity = new Uint8Array(0);
  #basis = new Uint8Array(0);
  #bit = new Uint8Array(0);

  clear(): void {
    this.rows = 0;
    this.slots = 0;
  }

  /** Opens a slot: what Alice sent in it. At most four `click` calls may follow. */
  sent(slot: number, intensity: number, basis: number, bit: number): void {
    if (this.rows + 4 > this.#capacity) this.#grow();
    const i = this.slots++;
    this.#sentSlot[i] = slot;
    this.#intensity[i] = intensity;
    this.#basis[i] = basis;
    this.#bit[i] = bit;
  }

  click(
    slot: number,
    detector: number,
    offsetPs: number,
    cause: number,
    photons: number,
    attacked: number,
    eveKnows: number,
  ): void {
    const i = this.rows++;
    this.#slot[i] = slot;
    this.#detector[i] = detector;
    this.#offsetPs[i] = offsetPs;
    this.#cause[i] = cause;
    this.#photons[i] = photons;
    this.#attacked[i] = attacked;
    this.#eveKnows[i] = eveKnows;
  }

  cut(): Pick<PhotonBin, 'detections' | 'emissions' | 'truth'> {
    const { rows, slots } = this;
    return {
      detections: {
        slot: this.#slot.slice(0, rows),
        detector: this.#detector.slice(0, rows),
        offsetPs: this.#offsetPs.slice(0, rows),
      },
      emissions: {
        slot: this.#sentSlot.slice(0, slots),
        intensity: this.#intensity.slice(0, slots),
        basis: this.#basis.slice(0, slots),
        bit: this.#bit.slice(0, slots),
      },
      truth: {
        photons: this.#photons.slice(0, rows),
        cause: this.#cause.slice(0, rows),
        attacked: this.#attacked.slice(0, rows),
        eveKnows: this.#eveKnows.slice(0, rows),
      },
    };
  }

  #grow(): void {
    const capacity = (this.#capacity = Math.max(1024, 2 * this.#capacity));
    this.#slot = longer(this.#slot, new Float64Array(capacity));
    this.#detector = longer(this.#detector, new Uint8Array(capacity));
    this.#offsetPs = longer(this.#offsetPs, new Int16Array(capacity));
    this.#photons = longer(this.#photons, new Uint8Array(capacity));
    this.#cause = longer(this.#cause, new Uint8Array(capacity));
    this.#attacked = longer(this.#attacked, new Uint8Array(capacity));
    this.#eveKnows = longer(this.#eveKnows, new Uint8Array(capacity));
    this.#sentSlot = longer(this.#sentSlot, new Float64Array(capacity));
    this.#intensity = longer(this.#intensity, new Uint8Array(capacity));
    this.#basis = longer(this.#basis, new Uint8Array(capacity));
    this.#bit = longer(this.#bit, new Uint8Array(capacity));
  }
}

function longer<T extends Float64Array | Int16Array | Uint8Array>(old: T, room: T): T {
  room.set(old);
  return room;
}
