import { createHash } from 'node:crypto';
import { HotlineError, type HotlineErrorCode } from '../error.ts';
import { OPERATIONS, type Operations } from './operations/index.ts';

/** A test vector: one file, `<folder>/<name>.json`, where the folder is the part of `does` before the stroke. */
export interface Vector {
  /** Small letters, digits and hyphens. */
  readonly name: string;
  /** A sentence for people. */
  readonly what: string;
  /** The operation, as in "record/open". */
  readonly does: keyof Operations;
  readonly input: unknown;
  /** What the operation gives; undefined when it must refuse. */
  readonly output?: unknown;
  readonly error?: HotlineErrorCode;
}

/** What a case promises before anything was computed: that it succeeds, or the code with which it is refused. */
export type Promised = 'succeeds' | HotlineErrorCode;

export interface Case {
  readonly name: string;
  readonly what: string;
  readonly does: keyof Operations;
  readonly input: unknown;
  readonly promised: Promised;
}

/** A case that must succeed, or be refused with `promised`. */
export function vector<K extends keyof Operations>(
  does: K,
  name: string,
  what: string,
  input: Parameters<Operations[K]>[0],
  promised: Promised = 'succeeds',
): Case {
  return { name, what, does, input, promised };
}

/** What the implementation makes of an input. */
export async function outcomeOf(
  does: keyof Operations,
  input: unknown,
): Promise<{ readonly output: unknown } | { readonly error: HotlineErrorCode }> {
  // The type of the input is that of the operation in every case that was written here.
  const run = OPERATIONS[does] as (input: unknown) => unknown;
  try {
    return { output: await run(input) };
  } catch (error) {
    if (error instanceof HotlineError) return { error: error.code };
    throw error;
  }
}

/** The file of a case. Throws when the implementation does not keep what the case promises. */
export async function vectorOf({ name, what, does, input, promised }: Case): Promise<Vector> {
  const outcome = await outcomeOf(does, input);
  const found = 'error' in outcome ? outcome.error : 'succeeds';
  if (found !== promised) throw new Error(`${does} ${name}: "${promised}" was promised, "${found}" was found`);
  return { name, what, does, input, ...outcome };
}

export function pathOf({ does, name }: Pick<Vector, 'does' | 'name'>): string {
  return `${does.slice(0, does.indexOf('/'))}/${name}.json`;
}

export function textOf(vector: Vector): string {
  return `${JSON.stringify(vector, null, 2)}\n`;
}

/** Bytes that follow from `seed`, of so many: SHAKE-256. Public, and for vectors alone. */
export function seeded(seed: string, count = 32): string {
  return createHash('shake256', { outputLength: count }).update(`skykey hotline vectors ${seed}`).digest('hex');
}

export function seededUuid(seed: string): string {
  const hex = seeded(seed, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
