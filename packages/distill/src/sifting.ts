import { type Bits, zeros } from '@skykey/bits';
import { type Column, type Intensities, joinColumns, packColumn } from '@skykey/kernels';
import { DistillError } from './error.ts';
import { countErrors } from './estimate.ts';
import { expectCount } from './line.ts';
import type { Session } from './session.ts';
import { type Sifted, sift } from './sift.ts';
import type { EmissionRecord, RandomBytes } from './types.ts';

/** What is said from Bob's commitment to the estimate: which detections are compared at once, who measured what in which basis. */

/**
 * Alice: what her transmitter says of some slots, `intensity * 4 + basis * 2 + bit` each. Throws DistillError
 * `distill/emissions` for a record that is not one of so many slots.
 */
export function checkEmissions(record: EmissionRecord, slots: number): Uint8Array {
  const { intensity, basis, bit } = record;
  const refuse = (what: string): never => {
    throw new DistillError('distill/emissions', `the transmitter's record ${what}`);
  };
  if (intensity.length !== slots || basis.length !== slots || bit.length !== slots) {
    refuse(`has ${intensity.length}, ${basis.length} and ${bit.length} rows for ${slots} slots`);
  }
  const sent = joinColumns(intensity, basis, bit);
  if (sent) return sent;
  const row = intensity.findIndex((k, i) => k > 2 || basis[i]! > 1 || bit[i]! > 1);
  return refuse(`says intensity ${intensity[row]}, basis ${basis[row]}, bit ${bit[row]} in row ${row}`);
}

/** Draws asked for at once. */
const DRAWS = 2048;

/**
 * Alice: marks detections for the monitor, each with the given probability p and independently. What is drawn is how many are
 * passed over up to the next one, k or more with probability (1 - p)^k: few draws where few are marked, and the same
 * ones however the detections are cut into messages. Eight bytes a draw, low ones first, are a number u in (0, 1) to
 * 2^-64, and the distance is floor(ln u / ln(1 - p)): its law is exact but for the rounding of doubles, less than 2^-45 for
 * distances within a session.
 */
export class MonitorChoice {
  readonly #scale: number;
  readonly #random: RandomBytes;
  #bytes: DataView = new DataView(new ArrayBuffer(0));
  #drawn = 0;
  /** Detections up to the next one that is marked. */
  #distance: number;

  constructor(probability: number, random: RandomBytes) {
    this.#scale = 1 / Math.log1p(-probability);
    this.#random = random;
    this.#distance = probability > 0 ? this.#draw() : Number.POSITIVE_INFINITY;
  }

  #draw(): number {
    if (this.#drawn === this.#bytes.byteLength) {
      // A copy: these are drawn from over many messages.
      this.#bytes = new DataView(new Uint8Array(this.#random(8 * DRAWS)).buffer);
      this.#drawn = 0;
    }
    const low = this.#bytes.getUint32(this.#drawn, true);
    const high = this.#bytes.getUint32(this.#drawn + 4, true);
    this.#drawn += 8;
    return Math.floor(Math.log((high + (low + 0.5) / 2 ** 32) / 2 ** 32) * this.#scale);
  }

  /** Marks some of the next `length` detections. */
  next(length: number): Bits {
    const marks = zeros(length);
    let at = this.#distance;
    for (; at < length; at += 1 + this.#draw()) marks.bytes[at >> 3]! |= 1 << (at & 7);
    this.#distance = at - length;
    return marks;
  }
}

/**
 * Alice: sifts after Bob's bases are on the line, then compares the test basis. Bob's commitment is complete by now. `own`: her
 * settings of the detections that were not monitored.
 */
export async function announceAlice(session: Session, own: Column): Promise<Sifted> {
  const { line } = session;
  const { basis: bobBasis } = await line.receive('bases');
  expectCount('bases', bobBasis.length, own.length);
  const basis = basesOf(own);
  const intensity: Intensities = { length: own.length, packed: packColumn(own, 2, 2) };
  await line.send({ type: 'settings', basis, intensity });
  const sifted = sift(own, basis, bobBasis, intensity);
  return orWiped(sifted, async () => {
    session.stage('estimate');
    const { bits: bobTest } = await line.receive('test-bob');
    expectCount('test bits', bobTest.length, sifted.test.length);
    await line.send({ type: 'test-alice', bits: sifted.test });
    session.estimate(sifted, countErrors(sifted.test, bobTest, sifted.testIntensity));
  });
}

/** Bob: announces the bases of what was not monitored, sifts with Alice's, and compares the test basis. */
export async function announceBob(session: Session, own: Column): Promise<Sifted> {
  const { line } = session;
  const basis = basesOf(own);
  await line.send({ type: 'bases', basis });
  const alice = await line.receive('settings');
  expectCount('bases', alice.basis.length, own.length);
  expectCount('intensities', alice.intensity.length, own.length);
  const sifted = sift(own, alice.basis, basis, alice.intensity);
  return orWiped(sifted, async () => {
    session.stage('estimate');
    await line.send({ type: 'test-bob', bits: sifted.test });
    const { bits: aliceTest } = await line.receive('test-alice');
    expectCount('test bits', aliceTest.length, sifted.test.length);
    session.estimate(sifted, countErrors(aliceTest, sifted.test, sifted.testIntensity));
  });
}

/** What was sifted, its key overwritten when the comparison ends the session. */
async function orWiped(sifted: Sifted, compare: () => Promise<void>): Promise<Sifted> {
  try {
    await compare();
    return sifted;
  } catch (error) {
    sifted.key.bytes.fill(0);
    throw error;
  }
}

/** Bit 1 of every entry. */
function basesOf(own: Column): Bits {
  return { length: own.length, bytes: packColumn(own, 1, 1) };
}
