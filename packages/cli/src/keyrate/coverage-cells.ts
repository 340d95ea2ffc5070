/** What the coverage study plays: every link, proof, attack and eps, and what came out of each. */
import {
  coverage,
  type ProofName,
  STUDIED_ATTACKS,
  STUDIED_LINKS,
  type StatementCoverage,
  type StudiedAttack,
} from '@skykey/finitekey';
import { upperRate } from '@skykey/lab';

export type LinkName = keyof typeof STUDIED_LINKS;

export interface Cell {
  readonly link: LinkName;
  readonly proof: ProofName;
  readonly attack: StudiedAttack;
  readonly epsilon: number;
}

export interface Statement extends StatementCoverage {
  /** Upper end of the one-sided 95 % interval of the rate of violations (Clopper and Pearson 1934). */
  readonly upperRate: number;
}

export interface PlayedCell extends Cell {
  /** Of its sessions; the same for every proof. */
  readonly seed: number;
  readonly statements: readonly Statement[];
  /** `2026-11-22` */
  readonly playedOn: string;
}

/** Ours, and beside them what others published for as many intensities. */
export const STUDIED_PROOFS = {
  twoDecoys: ['tilted', 'clopper-pearson', 'lim2014-chernoff', 'lim2014-hoeffding'],
  oneDecoy: ['tilted', 'rusca2018', 'wiesemann2024'],
} as const satisfies Readonly<Record<LinkName, readonly ProofName[]>>;

export const EPSILONS = [0.1, 0.01, 0.001] as const;

export const CELLS: readonly Cell[] = (['twoDecoys', 'oneDecoy'] as const).flatMap((link) =>
  STUDIED_PROOFS[link].flatMap((proof) =>
    STUDIED_ATTACKS.flatMap((attack) => EPSILONS.map((epsilon) => ({ link, proof, attack, epsilon }))),
  ),
);

export const nameOf = ({ link, proof, attack, epsilon }: Cell): string => [link, proof, attack, epsilon].join(' ');

/** Plays one. Throws FiniteKeyError. */
export function playCell(
  cell: Cell,
  {
    sessions,
    seed: study,
    onSession,
  }: { readonly sessions: number; readonly seed: number; readonly onSession?: (played: number) => void },
): Omit<PlayedCell, 'playedOn'> {
  const { link, proof, attack, epsilon } = cell;
  const seed = seedOf(`${study} ${link} ${attack} ${epsilon}`);
  const request = { link: STUDIED_LINKS[link], attack, epsilon, sessions, seed, proof };
  const statements = coverage(request, onSession).statements.map((one) => ({
    ...one,
    upperRate: upperRate(one.violations, sessions),
  }));
  return { ...cell, seed, statements };
}

/** 32 bits of a name: FNV-1a (Fowler, Noll and Vo). Sessions of two cells have nothing to do with each other. */
function seedOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const char of name) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
  return hash >>> 0;
}
