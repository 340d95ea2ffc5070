import { type Bits, unpack } from '@skykey/bits';
import { seededWords } from './light.ts';

/**
 * Cascade as its inventors wrote it down: G. Brassard and L. Salvail, "Secret-key reconciliation by public discussion",
 * EUROCRYPT '93, LNCS 765, 410-423, section 6. Four passes, blocks of 0.73 / q bits that double from pass to pass, each pass
 * in a new random order; a block whose parities differ is halved until the error is found; every error found is looked for
 * in the blocks of the passes before, which have then become odd, the smallest first. Parity by parity and bit by bit, both
 * parties in one, without messages: what `cascade/` is measured against.
 */
const PASSES = 4;

export interface TextbookOutcome {
  /** Parities that Alice told. */
  readonly leakedBits: number;
  /** Bits in which the keys still differ. */
  readonly residualErrors: number;
}

interface Pass {
  readonly size: number;
  /** Bit at each place, and place of each bit. */
  readonly order: Uint32Array;
  readonly place: Uint32Array;
  /** Whether the parities of a block differ, and the blocks of which that was once true and nobody has looked since. */
  readonly odd: Uint8Array;
  readonly waiting: number[];
}

/** Corrects a copy of `bob`. `errorRate` sets the blocks. */
export function textbookCascade(alice: Bits, bob: Bits, errorRate: number, seed: number): TextbookOutcome {
  const [a, b] = [unpack(alice), unpack(bob)];
  const next = seededWords(seed);
  const passes: Pass[] = [];
  let leakedBits = 0;

  /** Whether the parities of these places differ; one that Alice tells. */
  const differ = ({ order }: Pass, from: number, to: number): number => {
    leakedBits++;
    let odd = 0;
    for (let i = from; i < to; i++) odd ^= a[order[i]!]! ^ b[order[i]!]!;
    return odd;
  };

  /** Finds one error in an odd block (BINARY), and corrects it in the blocks of all passes. */
  const correct = (pass: Pass, block: number): void => {
    let from = block * pass.size;
    let to = Math.min(a.length, from + pass.size);
    while (to - from > 1) {
      const middle = (from + to) >> 1;
      if (differ(pass, from, middle)) to = middle;
      else from = middle;
    }
    const bit = pass.order[from]!;
    b[bit]! ^= 1;
    for (const { place, size, odd, waiting } of passes) {
      const touched = Math.floor(place[bit]! / size);
      odd[touched]! ^= 1;
      if (odd[touched]) waiting.push(touched);
    }
  };

  for (let k = 0; k < PASSES; k++) {
    const size = Math.min(a.length, Math.ceil(0.73 / errorRate) * 2 ** k);
    const order = Uint32Array.from(a, (_, i) => i);
    for (let i = k ? order.length - 1 : 0; i > 0; i--) {
      const j = Math.floor((next() / 2 ** 32) * (i + 1));
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    const place = new Uint32Array(order.length);
    for (let i = 0; i < order.length; i++) place[order[i]!] = i;
    const pass: Pass = { size, order, place, odd: new Uint8Array(Math.ceil(a.length / size)), waiting: [] };
    for (let block = pass.odd.length - 1; block >= 0; block--) {
      pass.odd[block] = differ(pass, block * size, Math.min(a.length, (block + 1) * size));
      if (pass.odd[block]) pass.waiting.push(block);
    }
    passes.push(pass);
    // A correction makes one block of every pass odd or even: until all are even, the smallest first.
    for (let p = 0; p < passes.length; ) {
      const block = passes[p]!.waiting.pop();
      if (block === undefined) p++;
      else if (passes[p]!.odd[block]) {
        correct(passes[p]!, block);
        p = 0;
      }
    }
  }
  let residualErrors = 0;
  for (let i = 0; i < a.length; i++) residualErrors += a[i]! ^ b[i]!;
  return { leakedBits, residualErrors };
}
