import type { Verdict } from '@skykey/photons';
import type { Sign } from './statistics.ts';

/**
 * From signs to a verdict. An explanation is open when one of its own signs was seen; the one that leaves the least
 * unexplained wins, and of equals the one whose own sign is strongest. So a raised floor explains raised errors (jamming,
 * not a tap), and a tap does not explain a clock that is wrong.
 */
export interface Explanation {
  readonly verdict: Exclude<Verdict, 'clean'>;
  /** Why, for an operator. */
  readonly because: string;
  /** Any of these opens it. */
  readonly own: readonly Sign[];
  /** What else follows from it. */
  readonly follows: readonly Sign[];
}

export const EXPLANATIONS: readonly Explanation[] = [
  {
    verdict: 'tap',
    because: 'what arrives is not what was sent, and neither background, clocks nor a broken part explain it',
    own: [
      'errors',
      'decoys missing',
      'vacuum clicks',
      'arrival moved',
      'arrival of one detector moved',
      'arrival spread',
      'balance',
      'doubles in excess',
      'doubles missing',
      'clicks late',
    ],
    follows: [
      'decoys in excess',
      'diode moved',
      'diode power',
      'clicks soon',
      'light in excess',
      'light missing',
      'light out of band',
    ],
  },
  {
    verdict: 'tap',
    because: 'light shines on the detectors that does not raise their floor: it holds them where they can be steered',
    own: ['bright light', 'floor gone'],
    follows: [
      'errors',
      'decoys missing',
      'decoys in excess',
      'vacuum empty',
      'vacuum clicks',
      'arrival moved',
      'arrival of one detector moved',
      'arrival spread',
      'balance',
      'doubles in excess',
      'doubles missing',
      'floor uneven',
      'clicks soon',
      'clicks late',
      'light in excess',
      'light missing',
      'light out of band',
    ],
  },
  {
    verdict: 'jam',
    because: 'light blinds the detectors and next to nothing clicks any more: what does not click is not steered',
    own: ['bright light', 'light out of band'],
    follows: [
      'light gone',
      'floor gone',
      'light missing',
      'floor uneven',
      'clicks late',
      'doubles missing',
      'vacuum empty',
    ],
  },
  {
    verdict: 'tap',
    because: 'light of another colour than the source has comes in and the floor does not rise with it',
    own: ['light out of band'],
    follows: [
      'errors',
      'decoys missing',
      'vacuum clicks',
      'arrival moved',
      'arrival spread',
      'balance',
      'doubles in excess',
      'doubles missing',
      'light in excess',
      'light missing',
      'clicks soon',
    ],
  },
  {
    verdict: 'tap',
    because:
      'clicks fall outside the gate without as many inside of it: they are placed there, background is everywhere',
    own: ['vacuum empty'],
    follows: [
      'errors',
      'decoys missing',
      'decoys in excess',
      'arrival moved',
      'arrival of one detector moved',
      'arrival spread',
      'diode moved',
      'balance',
      'doubles in excess',
      'doubles missing',
      'floor up',
      'bright light',
      'diode power',
      'floor uneven',
      'clicks soon',
      'clicks late',
      'light in excess',
      'light missing',
    ],
  },
  {
    verdict: 'tap',
    because: 'detectors no longer share clicks, or agree in time, as they did when calibrated',
    own: ['arrival of one detector moved', 'balance'],
    follows: [
      'self-test',
      'errors',
      'arrival moved',
      'arrival spread',
      'diode moved',
      'doubles in excess',
      'doubles missing',
      'floor uneven',
      'light in excess',
      'light missing',
    ],
  },
  {
    verdict: 'tap',
    because:
      'light comes at another time while the clocks agree; what is pushed over the edge of the gate counts as floor',
    own: ['arrival moved'],
    follows: [
      'floor up',
      'arrival of one detector moved',
      'arrival spread',
      'diode moved',
      'balance',
      'vacuum empty',
      'clicks soon',
      'light missing',
    ],
  },
  {
    verdict: 'jam',
    because: 'the floor rose outside the gate, on all detectors, as much as inside of it',
    own: ['floor up'],
    follows: [
      'errors',
      'decoys missing',
      'decoys in excess',
      'vacuum clicks',
      'arrival moved',
      'arrival of one detector moved',
      'arrival spread',
      'diode moved',
      'diode power',
      'balance',
      'doubles in excess',
      'doubles missing',
      'floor uneven',
      'clicks soon',
      'clicks late',
      'light in excess',
      'light missing',
      'bright light',
      'light out of band',
    ],
  },
  {
    verdict: 'fault',
    because: 'one detector lost efficiency and the other three kept their shares among themselves',
    own: ['detector lost'],
    follows: [
      'balance',
      'errors',
      'arrival moved',
      'arrival of one detector moved',
      'arrival spread',
      'diode moved',
      'doubles in excess',
      'doubles missing',
      'clicks soon',
      'clicks late',
      'floor gone',
      'floor uneven',
      'diode power',
      'light missing',
      'vacuum empty',
    ],
  },
  {
    verdict: 'fault',
    because: 'the floor of one detector rose and that of the others did not',
    own: ['hot detector'],
    follows: [
      'errors',
      'floor uneven',
      'floor up',
      'vacuum clicks',
      'vacuum empty',
      'arrival moved',
      'arrival of one detector moved',
      'arrival spread',
      'balance',
      'doubles in excess',
      'doubles missing',
      'decoys missing',
      'decoys in excess',
      'diode power',
      'clicks soon',
      'clicks late',
      'light in excess',
      'light missing',
    ],
  },
  {
    verdict: 'fault',
    because: 'the polarisation frames are turned: sent and measured states of unequal basis are correlated',
    own: ['frames rotated'],
    follows: ['errors', 'diode power', 'balance', 'doubles in excess', 'doubles missing'],
  },
  {
    verdict: 'fault',
    because: 'clicks follow clicks too soon: the detectors answer themselves',
    own: ['clicks soon'],
    follows: [
      'diode moved',
      'diode power',
      'floor up',
      'floor uneven',
      'errors',
      'vacuum clicks',
      'vacuum empty',
      'arrival spread',
      'arrival moved',
      'balance',
      'doubles in excess',
      'doubles missing',
      'light in excess',
    ],
  },
  {
    verdict: 'fault',
    because: 'one diode of the source shines with another power than the others of its class',
    own: ['diode power'],
    follows: [
      'decoys missing',
      'decoys in excess',
      'source power',
      'light missing',
      'light in excess',
      'balance',
      'arrival moved',
      'diode moved',
      'doubles missing',
      'doubles in excess',
      'errors',
    ],
  },
  {
    verdict: 'fault',
    because: 'light is missing that the beacon does not miss',
    own: ['light missing', 'light gone'],
    follows: ['arrival moved', 'doubles missing'],
  },
  {
    verdict: 'time',
    because: 'clock, range or beacon do not agree with the ephemeris',
    own: ['clock residual', 'range residual', 'beacon astray', 'beacon bright'],
    follows: [
      'arrival moved',
      'arrival of one detector moved',
      'arrival spread',
      'diode moved',
      'errors',
      'decoys missing',
      'decoys in excess',
      'vacuum empty',
      'vacuum clicks',
      'balance',
      'diode power',
      'doubles in excess',
      'doubles missing',
      'floor up',
      'floor uneven',
      'light missing',
      'light in excess',
      'clicks soon',
      'clicks late',
    ],
  },
  {
    verdict: 'source',
    because: 'the source does not do what it was told',
    own: ['source power', 'injected light', 'self-test', 'decoys in excess', 'light in excess'],
    follows: [
      'decoys missing',
      'vacuum clicks',
      'doubles in excess',
      'doubles missing',
      'light missing',
      'clicks soon',
    ],
  },
  {
    verdict: 'source',
    because: 'diodes of the source do not emit when they used to, which tells classes or states apart',
    own: ['diode moved'],
    // What emits late is cut by the gate, each class and state in its measure.
    follows: [
      'arrival moved',
      'arrival of one detector moved',
      'arrival spread',
      'decoys missing',
      'decoys in excess',
      'vacuum empty',
      'diode power',
      'self-test',
      'floor up',
      'floor uneven',
      'light missing',
    ],
  },
];

/** A sign that was seen and how strongly: -log10 of its probability after correction. */
export interface SeenSign {
  readonly sign: Sign;
  readonly score: number;
}

/** Beyond this a sign is certain, and more of it does not outweigh another. */
const CERTAIN = 20;

/** The explanation of what was seen, undefined of nothing. A sign that several statistics give counts once. */
export function explain(seen: readonly SeenSign[]): Explanation | undefined {
  const strongest = new Map<Sign, number>();
  for (const { sign, score } of seen) strongest.set(sign, Math.max(score, strongest.get(sign) ?? 0));
  let best: { explanation: Explanation; unexplained: number; own: number } | undefined;
  for (const explanation of EXPLANATIONS) {
    let unexplained = 0;
    let own = 0;
    for (const [sign, score] of strongest) {
      if (explanation.own.includes(sign)) own = Math.max(own, score);
      else if (!explanation.follows.includes(sign)) unexplained += Math.min(score, CERTAIN);
    }
    if (own === 0) continue;
    if (!best || unexplained < best.unexplained || (unexplained === best.unexplained && own > best.own)) {
      best = { explanation, unexplained, own };
    }
  }
  return best?.explanation;
}

/** The verdict that a sign speaks for when it is all there is. */
export function verdictOf(sign: Sign): Verdict {
  return EXPLANATIONS.find(({ own }) => own.includes(sign))?.verdict ?? (sign === 'floor uneven' ? 'fault' : 'clean');
}
