/** Magnitudes that wander, where what a link declares has to cover them; the others stand in `weather.ts`. */

/** Standard deviation, and time in which a wandering magnitude forgets itself, s. */
export interface Wander {
  readonly sd: number;
  readonly timeS: number;
}

/** Intensity of each class by itself, relative. */
export const CLASS: Wander = { sd: 0.002, timeS: 120 };
/** Efficiency of each detector for itself, relative. */
export const EFFICIENCY: Wander = { sd: 0.01, timeS: 200 };
