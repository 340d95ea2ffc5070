import { type Bits, zeros } from '@skykey/bits';
import { type Column, checkLengths } from './column.ts';
import { KernelError } from './error.ts';
import { packedBytes, unpackColumn } from './packing.ts';
import base64 from './wasm/sift.ts';
import { type KernelExports, Workspace } from './workspace.ts';

/** One number an intensity: signal, decoy, weakest. */
export type Triple = [number, number, number];

/** Intensities of detections: 0, 1 or 2, two bits each, the first in the low bits of the first byte, zeros behind the last. */
export interface Intensities {
  readonly length: number;
  readonly packed: Uint8Array;
}

/** What a party keeps of its detections once both know bases and intensities. */
export interface Sifted {
  /** n_{X,k} and n_{Z,k}. */
  readonly keyDetections: Triple;
  readonly testDetections: Triple;
  /** This party's bits where both chose X, in order of slot: the raw key. Secret. */
  readonly key: Bits;
  /** This party's bits where both chose Z: the test, public once compared. */
  readonly test: Bits;
  /** Intensity of each test bit. */
  readonly testIntensity: Uint8Array;
}

interface Exports extends KernelExports {
  sift(
    own: number,
    alice: number,
    bob: number,
    intensity: number,
    n: number,
    key: number,
    fromKey: number,
    test: number,
    fromTest: number,
    testIntensity: number,
    counts: number,
  ): number;
  countMatched(alice: number, bob: number, bytes: number, counts: number): void;
  countErrors(alice: number, bob: number, intensity: number, n: number, counts: number): number;
}

/** Detections at a time: what they need stays in the second-level cache. A multiple of 64. */
const CHUNK = 16_384;
/** The kernel looks at 64 detections at a time, and stores whole vectors. */
const ROOM = 64;

/** Where things stand in the one memory of this thread: columns of bytes, bits packed, and intensities as they come. */
class Desk {
  readonly workspace = new Workspace<Exports>(base64);
  readonly own = this.workspace.take(CHUNK + ROOM);
  readonly intensity = this.workspace.take(CHUNK + ROOM);
  readonly testIntensity = this.workspace.take(CHUNK + ROOM);
  readonly alice = this.workspace.take(CHUNK / 8 + ROOM);
  readonly bob = this.workspace.take(CHUNK / 8 + ROOM);
  readonly key = this.workspace.take(CHUNK / 8 + ROOM);
  readonly test = this.workspace.take(CHUNK / 8 + ROOM);
  readonly counts = this.workspace.take(24);
  readonly memory = this.workspace.bytes(0, this.counts + 24);
  readonly kernel = this.workspace.kernel;

  /** Reads three counts and sets them to 0. */
  triple(at: number): Triple {
    const counts = this.workspace.uint32(at, 3);
    const out: Triple = [counts[0]!, counts[1]!, counts[2]!];
    counts.fill(0);
    return out;
  }

  /** How often both chose X, and both Z. */
  countMatched(alice: Bits, bob: Bits): { readonly key: number; readonly test: number } {
    for (let from = 0; from < alice.bytes.length; from += CHUNK / 8) {
      const bytes = Math.min(CHUNK / 8, alice.bytes.length - from);
      this.memory.set(alice.bytes.subarray(from, from + bytes), this.alice);
      this.memory.set(bob.bytes.subarray(from, from + bytes), this.bob);
      this.kernel.countMatched(this.alice, this.bob, bytes, this.counts);
    }
    const [either, both] = this.triple(this.counts);
    return { key: alice.length - either, test: both };
  }

  wipe(): void {
    this.memory.fill(0, this.own);
  }
}

let desk: Desk | undefined;

/**
 * Keeps what both parties prepared and measured in the same basis: X (0) for the key, Z (1) for the test (Lim et al. 2014).
 *
 * `own`: this party's bit of every detection, in the lowest bit of a byte whose others are not read. `aliceBasis`,
 * `bobBasis` and `intensity`: the public announcements about the same detections.
 * Nothing of it stays in the kernel's memory. No branch and no address depends on a bit of `own`.
 * Throws KernelError `kernels/argument` when the columns differ in length or an intensity is above 2.
 */
export function sift(own: Column, aliceBasis: Bits, bobBasis: Bits, intensity: Intensities): Sifted {
  checkLengths(own.length, { aliceBasis, bobBasis, intensity });
  checkLengths(packedBytes(own.length, 2), { 'intensity.packed': intensity.packed });
  desk ??= new Desk();
  const { kernel, memory } = desk;
  const matched = desk.countMatched(aliceBasis, bobBasis);
  const key = zeros(matched.key);
  const test = zeros(matched.test);
  const testIntensity = new Uint8Array(matched.test);
  let keyAt = 0;
  let testAt = 0;
  let wrong = 0;
  let [keyDetections, testDetections]: [Triple, Triple] = [
    [0, 0, 0],
    [0, 0, 0],
  ];
  for (let from = 0; from < own.length; from += CHUNK) {
    const n = Math.min(CHUNK, own.length - from);
    memory.set(own.subarray(from, from + n), desk.own);
    memory.set(intensity.packed.subarray(from >> 2, (from + n + 3) >> 2), desk.intensity);
    memory.set(aliceBasis.bytes.subarray(from >> 3, (from + n + 7) >> 3), desk.alice);
    memory.set(bobBasis.bytes.subarray(from >> 3, (from + n + 7) >> 3), desk.bob);
    memory[desk.key] = key.bytes[keyAt >> 3] ?? 0;
    memory[desk.test] = test.bytes[testAt >> 3] ?? 0;
    wrong |= kernel.sift(
      desk.own,
      desk.alice,
      desk.bob,
      desk.intensity,
      n,
      desk.key,
      keyAt & 7,
      desk.test,
      testAt & 7,
      desk.testIntensity,
      desk.counts,
    );
    const inKey = desk.triple(desk.counts);
    const inTest = desk.triple(desk.counts + 12);
    keyDetections = plus(keyDetections, inKey);
    testDetections = plus(testDetections, inTest);
    const keyEnd = keyAt + total(inKey);
    const testEnd = testAt + total(inTest);
    key.bytes.set(memory.subarray(desk.key, desk.key + ((keyEnd + 7) >> 3) - (keyAt >> 3)), keyAt >> 3);
    test.bytes.set(memory.subarray(desk.test, desk.test + ((testEnd + 7) >> 3) - (testAt >> 3)), testAt >> 3);
    testIntensity.set(memory.subarray(desk.testIntensity, desk.testIntensity + testEnd - testAt), testAt);
    keyAt = keyEnd;
    testAt = testEnd;
  }
  desk.wipe();
  if (wrong) {
    key.bytes.fill(0);
    refuseIntensity(unpackColumn(intensity.packed, intensity.length, 2).values);
  }
  return { keyDetections, testDetections, key, test, testIntensity };
}

/**
 * Errors among disclosed test bits, by intensity (0, 1 or 2, a byte each): m_{Z,k}. The three columns are about the same
 * detections. Throws KernelError `kernels/argument` when they differ in length or an intensity is above 2.
 */
export function countErrors(alice: Bits, bob: Bits, intensity: Uint8Array): Triple {
  checkLengths(intensity.length, { alice, bob });
  desk ??= new Desk();
  const { kernel, memory } = desk;
  let errors: Triple = [0, 0, 0];
  let wrong = 0;
  for (let from = 0; from < intensity.length; from += CHUNK) {
    const n = Math.min(CHUNK, intensity.length - from);
    memory.set(intensity.subarray(from, from + n), desk.intensity);
    memory.set(alice.bytes.subarray(from >> 3, (from + n + 7) >> 3), desk.alice);
    memory.set(bob.bytes.subarray(from >> 3, (from + n + 7) >> 3), desk.bob);
    wrong |= kernel.countErrors(desk.alice, desk.bob, desk.intensity, n, desk.counts);
    errors = plus(errors, desk.triple(desk.counts));
  }
  desk.wipe();
  if (wrong) refuseIntensity(intensity);
  return errors;
}

const total = ([signal, decoy, weakest]: Triple): number => signal + decoy + weakest;
const plus = (a: Triple, b: Triple): Triple => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];

/** Throws KernelError `kernels/argument` for the first intensity above 2. */
export function refuseIntensity(intensity: Uint8Array): never {
  const row = intensity.findIndex((k) => k > 2);
  throw new KernelError('kernels/argument', `intensity is ${intensity[row]} in row ${row}, where 0 to 2 are possible`);
}
