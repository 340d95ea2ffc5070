import { createHash } from 'node:crypto';

/** Seeds of worlds that have nothing in common, of one seed of the storm. */
export function seedOf(part: string, seed: number, world: number): number {
  return createHash('sha256').update(`${part}/${seed}/${world}`).digest().readUIntBE(0, 6);
}

/** What came of one world of a storm: small, so that thousands of them are kept in a file. */
export interface Played {
  /** Which world it was, 0 and up: with the part's name and the seed, all that decides what happens. */
  readonly world: number;
  /** What must not be, each as a sentence; empty when all held. */
  readonly findings: readonly string[];
  /** What was played and watched. */
  readonly counts: Readonly<Record<string, number>>;
}

/** A part of a storm: worlds that can be played in any order, by any process. */
export interface StormPart {
  readonly name: string;
  readonly worlds: number;
  play(world: number): Promise<Played>;
}

/** Sums of the counts of worlds, by name; a name that begins with "most" is a highest value. */
export function totals(worlds: readonly Played[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { counts } of worlds) {
    for (const [name, count] of Object.entries(counts)) {
      const before = sums[name] ?? 0;
      sums[name] = name.startsWith('most') ? Math.max(before, count) : before + count;
    }
  }
  return sums;
}
