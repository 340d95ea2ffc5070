import { geoInterpolate } from 'd3-geo';

export interface Place {
  readonly longitudeDeg: number;
  readonly latitudeDeg: number;
  readonly heightKm: number;
}

const SHORTEST_MS = 50;
const LONGEST_MS = 600;

/**
 * Makes a steady movement of places that arrive a few times a second: from where it is drawn to the newest place, in
 * the time that lay between the last two arrivals. The picture is one arrival late and never jumps back.
 */
export class Follow {
  #path: (share: number) => [number, number] = () => [0, 0];
  #from: Place | null = null;
  #to: Place | null = null;
  #startMs = 0;
  #spanMs = LONGEST_MS;

  /** A new place, with the monotonic instant of its arrival. `glide` false puts it there at once. */
  aim(place: Place, nowMs: number, glide: boolean): void {
    if (this.#to !== null && same(this.#to, place)) return;
    const here = this.at(nowMs);
    const span = nowMs - this.#startMs;
    this.#from = glide && here !== null ? here : place;
    this.#to = place;
    this.#startMs = nowMs;
    this.#spanMs = Math.min(Math.max(span, SHORTEST_MS), LONGEST_MS);
    this.#path = geoInterpolate(
      [this.#from.longitudeDeg, this.#from.latitudeDeg],
      [place.longitudeDeg, place.latitudeDeg],
    );
  }

  /** Where to draw it now; null before the first place. */
  at(nowMs: number): Place | null {
    if (this.#from === null || this.#to === null) return null;
    const share = Math.min(Math.max((nowMs - this.#startMs) / this.#spanMs, 0), 1);
    if (share === 1 || this.#from === this.#to) return this.#to;
    const [longitudeDeg, latitudeDeg] = this.#path(share);
    const heightKm = this.#from.heightKm + (this.#to.heightKm - this.#from.heightKm) * share;
    return { longitudeDeg, latitudeDeg, heightKm };
  }

  /** Whether it is still under way. */
  isMoving(nowMs: number): boolean {
    return this.#from !== this.#to && nowMs < this.#startMs + this.#spanMs;
  }
}

function same(a: Place, b: Place): boolean {
  return a.longitudeDeg === b.longitudeDeg && a.latitudeDeg === b.latitudeDeg && a.heightKm === b.heightKm;
}
