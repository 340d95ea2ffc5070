/** How restless the residual between prediction and light is: densities of white noise that drive the three states. */
export interface Wander {
  /** Phase noise of the clocks that adds up, ps per root of a second. */
  readonly phase: number;
  /** Random walk of their frequency, ps/s per root of a second. */
  readonly slope: number;
  /** Change of the acceleration that the ephemeris misses, ps/s^2 per root of a second. */
  readonly acceleration: number;
}

/**
 * Assumed: clocks of a good quartz or a rubidium (1e-11 at 1 s of phase, 3e-11 of frequency), and elements that are 0.1 s
 * late or early along the track, whose acceleration error changes by 0.1 s times the fourth derivative of the flight time,
 * at most 2.5e-10 s/s^4 at 500 km: 25 ps/s^2 in a second.
 */
export const USUAL_WANDER: Wander = { phase: 10, slope: 30, acceleration: 30 };

/** What is known of the residual at a moment: mean and covariance (rows 00 01 02 11 12 22) in ps, ps/s, ps/s^2. */
export interface ServoState {
  readonly atPs: number;
  readonly mean: readonly [number, number, number];
  readonly covariance: readonly [number, number, number, number, number, number];
}

/**
 * Kalman filter of three states, phase, slope and acceleration of the residual, the last driven by white jerk. The optimal
 * alpha-beta-gamma filter, with gains that follow the light: without any, the uncertainty grows.
 */
export class Servo {
  #atPs: number;
  readonly #x: Float64Array;
  readonly #p: Float64Array;
  readonly #wander: Wander;

  constructor(start: ServoState, wander: Wander) {
    this.#atPs = start.atPs;
    this.#x = Float64Array.from(start.mean);
    this.#p = Float64Array.from(start.covariance);
    this.#wander = wander;
  }

  get atPs(): number {
    return this.#atPs;
  }

  get state(): ServoState {
    const [x0, x1, x2] = this.#x;
    const [p00, p01, p02, p11, p12, p22] = this.#p;
    return { atPs: this.#atPs, mean: [x0!, x1!, x2!], covariance: [p00!, p01!, p02!, p11!, p12!, p22!] };
  }

  /** Variance of the phase, ps^2. */
  get phasePs2(): number {
    return this.#p[0]!;
  }

  /** The residual expected at a time, ps. */
  phaseAt(timePs: number): number {
    const s = (timePs - this.#atPs) * 1e-12;
    const x = this.#x;
    return x[0]! + s * (x[1]! + 0.5 * s * x[2]!);
  }

  advance(toPs: number): void {
    const s = (toPs - this.#atPs) * 1e-12;
    const x = this.#x;
    const p = this.#p;
    const h = 0.5 * s * s;
    x[0]! += s * x[1]! + h * x[2]!;
    x[1]! += s * x[2]!;
    const [p00, p01, p02, p11, p12, p22] = p as unknown as [number, number, number, number, number, number];
    // F P F^T with F = [[1, s, h], [0, 1, s], [0, 0, 1]].
    const a = p01 + s * p11 + h * p12;
    const b = p02 + s * p12 + h * p22;
    const c = p12 + s * p22;
    const q0 = this.#wander.phase ** 2;
    const q1 = this.#wander.slope ** 2;
    const q2 = this.#wander.acceleration ** 2;
    p[0] = p00 + s * p01 + h * p02 + s * a + h * b + q0 * s + (q1 * s ** 3) / 3 + (q2 * s ** 5) / 20;
    p[1] = a + s * b + (q1 * s ** 2) / 2 + (q2 * s ** 4) / 8;
    p[2] = b + (q2 * s ** 3) / 6;
    p[3] = p11 + s * p12 + s * c + q1 * s + (q2 * s ** 3) / 3;
    p[4] = c + (q2 * s ** 2) / 2;
    p[5] = p22 + q2 * s;
    this.#atPs = toPs;
  }

  /** Takes a phase in that was measured to be `byPs` beyond the expected one. */
  update(byPs: number, variancePs2: number): void {
    const x = this.#x;
    const p = this.#p;
    const total = p[0]! + variancePs2;
    const k0 = p[0]! / total;
    const k1 = p[1]! / total;
    const k2 = p[2]! / total;
    x[0]! += k0 * byPs;
    x[1]! += k1 * byPs;
    x[2]! += k2 * byPs;
    p[5]! -= k2 * p[2]!;
    p[4]! -= k1 * p[2]!;
    p[3]! -= k1 * p[1]!;
    p[2]! *= 1 - k0;
    p[1]! *= 1 - k0;
    p[0]! *= 1 - k0;
  }
}
