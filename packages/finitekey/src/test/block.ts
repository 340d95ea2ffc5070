import { type DecoyDocument, keyLength, type ProofName } from '../index.ts';

/** The same block with every count, and the leak, in proportion: what a shorter or longer time of the same link would bring. */
export function inProportion(document: DecoyDocument, share: number): DecoyDocument {
  const times = (values: readonly number[]): number[] => values.map((value) => Math.round(value * share));
  const { leakBits, nX, mX, nZ, mZ } = document;
  return {
    ...document,
    nX: times(nX),
    mX: times(mX),
    nZ: times(nZ),
    mZ: times(mZ),
    ...(leakBits === undefined ? {} : { leakBits: Math.ceil(leakBits * share) }),
  };
}

/** Smallest share of a block with key, in steps of a hundredth of a decade, from which on there is key in all larger ones. */
export function leastShare(name: ProofName, document: DecoyDocument): number {
  let share = 1;
  while (keyLength(name, inProportion(document, share / 10 ** 0.01)).secretBits > 0) share /= 10 ** 0.01;
  return share;
}
