import { clopperPearson } from './clopper-pearson.ts';
import type { DecoyDocument } from './document.ts';
import { FiniteKeyError } from './error.ts';
import { unseenErrors } from './hypergeometric.ts';
import { keyLength, type ProofName } from './proofs.ts';
import {
  hypergeometric,
  playSession,
  type Session,
  type StudiedAttack,
  type StudiedLink,
  strategyOf,
  uniform,
} from './sessions.ts';
import { tilted } from './tilted.ts';
import type { DecoyMethod } from './variable-length.ts';

/** How often each bound is wrong, over simulated blocks whose truth is known: at most as often as it says. */

export interface CoverageRequest {
  readonly link: StudiedLink;
  readonly attack: StudiedAttack;
  /** Each statement is asked for this failure probability, and the whole for it as epsSec. 0..1/2. */
  readonly epsilon: number;
  readonly sessions: number;
  /** 32 bits. The same sessions are played for every proof. */
  readonly seed: number;
  readonly proof: ProofName;
}

export interface StatementCoverage {
  readonly statement: string;
  readonly violations: number;
  /** Probability of a violation, at most. */
  readonly allowed: number;
  /**
   * Mean of bound over truth, of sessions where the truth is above 0; null where it never is. A bound that says nothing is
   * never wrong.
   */
  readonly meanRatio: number | null;
}

export interface Coverage {
  readonly request: CoverageRequest;
  readonly statements: readonly StatementCoverage[];
}

/** Links on which bounds of failure probabilities from 0.1 to 0.001 say something and fail now and then. */
export const STUDIED_LINKS = {
  twoDecoys: {
    intensities: [0.6, 0.2, 0.02],
    probabilities: [0.5, 0.3, 0.2],
    keyPulses: 400_000,
    testPulses: 200_000,
    transmittance: 0.05,
    background: 1e-3,
    misalignment: 0.01,
  },
  oneDecoy: {
    intensities: [0.6, 0.2],
    probabilities: [0.6, 0.4],
    keyPulses: 400_000,
    testPulses: 200_000,
    transmittance: 0.05,
    background: 1e-3,
    misalignment: 0.01,
  },
} as const satisfies Record<string, StudiedLink>;

/** Decoy statements by the events they rest on: how many of the method's failures each may be wrong by. */
const METHODS: Partial<Record<ProofName, { method: DecoyMethod; events: readonly [number, number, number, number] }>> =
  {
    tilted: { method: tilted, events: [1, 1, 1, 1] },
    'tilted-one-way': { method: tilted, events: [1, 1, 1, 1] },
    'clopper-pearson': { method: clopperPearson, events: [3, 3, 2, 2] },
  };

/**
 * Plays sessions and counts. Where the proof's steps are here: statements of the decoy method, and sampling alone with true
 * singles. Of every proof the whole: fewer empty or single pulses than said, or more phase errors in as many single photons
 * taken at random. `onSession` hears how many were played. Throws FiniteKeyError.
 */
export function coverage(request: CoverageRequest, onSession?: (played: number) => void): Coverage {
  const { link, attack, epsilon, sessions, seed, proof } = request;
  if (!(epsilon > 0 && epsilon < 0.5))
    throw new FiniteKeyError('epsilon', `must lie between 0 and 1/2, not ${epsilon}`);
  if (!(Number.isInteger(sessions) && sessions > 0)) {
    throw new FiniteKeyError('sessions', `must be a whole number from 1 on, not ${sessions}`);
  }
  if (!(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32)) {
    throw new FiniteKeyError('seed', `must be a whole number from 0 to 2^32 - 1, not ${seed}`);
  }
  const draw = uniform(seed);
  // What is drawn for the judgement depends on the proof: it must not move the sessions.
  const judge = uniform(~seed);
  const strategy = strategyOf(attack, link);
  const known = METHODS[proof];
  const books = new Map<string, Book>();
  const book = (statement: string, allowed: number): Book => {
    const found = books.get(statement) ?? { violations: 0, allowed, sum: 0, weighed: 0 };
    books.set(statement, found);
    return found;
  };
  const beta = -Math.log(epsilon);
  for (let session = 0; session < sessions; session++) {
    const truth = playSession(link, strategy, draw);
    const document: DecoyDocument = {
      protocol: 'decoy-bb84',
      intensities: link.intensities,
      probabilities: link.probabilities,
      ...truth.counts,
      epsSec: epsilon,
      epsCor: 0.5,
      leakBits: 0,
    };
    if (known !== undefined) {
      const bounds = known.method.bounds(document, beta);
      const [l, s, v, e] = known.events;
      enter(book('singles of the key basis, at least', l * epsilon), bounds.keySingles, truth.keySingles, 1);
      enter(book('singles of the test basis, at least', s * epsilon), bounds.testSingles, truth.testSingles, 1);
      enter(book('errors of singles, at most', v * epsilon), bounds.testSingleErrors, truth.testSingleErrors, -1);
      enter(book('empty pulses of the key basis, at least', e * epsilon), bounds.keyVacuum, truth.keyVacuum, 1);
      const { testSingles, testSingleErrors, keySingles, phaseErrors } = truth;
      const most = unseenErrors(testSingleErrors, testSingles, keySingles, -beta);
      enter(book('phase errors by sampling, at most', epsilon), most, phaseErrors, -1);
    }
    whole(book('the whole', epsilon), proof, document, truth, judge);
    onSession?.(session + 1);
  }
  const statements = [...books].map(([statement, { violations, allowed, sum, weighed }]) => ({
    statement,
    violations,
    allowed,
    meanRatio: weighed === 0 ? null : sum / weighed,
  }));
  return { request, statements };
}

interface Book {
  violations: number;
  readonly allowed: number;
  sum: number;
  weighed: number;
}

function enter(book: Book, bound: number, truth: number, side: 1 | -1): void {
  // Bounds are real numbers, counts whole: at least 3.2 means at least 3, for want of a better rounding below.
  if (side * (Math.floor(bound) - truth) > 0) book.violations++;
  if (truth > 0) {
    book.sum += bound / truth;
    book.weighed++;
  }
}

/** The statement that a key length is made of. */
function whole(book: Book, proof: ProofName, document: DecoyDocument, truth: Session, draw: () => number): void {
  const { s0, s1, phaseError } = keyLength(proof, document);
  const singles = Math.floor(s1);
  const errors = singles > truth.keySingles ? 0 : hypergeometric(singles, truth.phaseErrors, truth.keySingles, draw);
  const bad =
    Math.floor(s0) > truth.keyVacuum ||
    singles > truth.keySingles ||
    (phaseError < 0.5 && errors > phaseError * singles * (1 + 1e-12));
  if (bad) book.violations++;
  book.sum += singles / truth.keySingles;
  book.weighed++;
}
