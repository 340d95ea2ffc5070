import { type Bbm92Request, bbm92 } from './bbm92.ts';
import { clopperPearson } from './clopper-pearson.ts';
import {
  checkDocument,
  type DecoyDocument,
  type KeyDocument,
  type KeyStatement,
  leakOf,
  type PairDocument,
  plannedIn,
  statementOf,
  total,
  verificationOf,
} from './document.ts';
import { binaryEntropy } from './entropy.ts';
import { FiniteKeyError } from './error.ts';
import { ALIKE_PULSES_GAP, EQUAL_DETECTORS_GAP, lim2014, SHARES, type Triple } from './lim2014.ts';
import { oneDecoyLength } from './rusca2018.ts';
import { tilted } from './tilted.ts';
import { variableLength } from './variable-length.ts';

/** Every proof by which a key length can be asked for, under the name that its results carry. */

export type ProofName =
  | 'tilted'
  | 'tilted-one-way'
  | 'clopper-pearson'
  | 'lim2014-hoeffding'
  | 'lim2014-chernoff'
  | 'rusca2018'
  | 'wiesemann2024'
  | 'bbm92';

export interface Proof {
  readonly name: ProofName;
  /** One line for people. */
  readonly title: string;
  /** What `protocol` of the document must say. */
  readonly protocol: KeyDocument['protocol'];
  /** Numbers of intensities it can treat; empty where there are none. */
  readonly intensities: readonly (2 | 3)[];
  /** Whether every step is a theorem, given the assumptions. What releases key accepts no other. */
  readonly rigorous: boolean;
  /** Where its theorems are. */
  readonly source: string;
  /** What must hold, in sentences; a result may add some of its own. */
  readonly assumptions: readonly string[];
}

/** Used where none is named. */
export const DEFAULT_PROOF: ProofName = 'tilted';

const LAWS: readonly string[] = [
  'The block is a fixed number of emitted pulses; detections are fixed before bases and intensities are announced.',
  ALIKE_PULSES_GAP,
  'Basis, intensity and bit of each pulse are random and independent of each other; intensities have the same probabilities in both bases; empty pulses carry no bit.',
  'Bob measures in one of two bases, chosen by a device Eve has no hold on: actively, or by a beam splitter with a proof of its own, since several photons may choose apart; several clicks become a random bit, never a discarded one.',
  'The channel is authenticated, and its own failure probability is to be added.',
];
const COMPOSED: readonly string[] = [
  ...LAWS,
  'How shares of eps add up is written out in `variable-length.ts`: known theorems, their composition our own.',
];
const TWO_WAY =
  "Reconciliation may be two-way: Eve is given the error pattern, which costs the bits of empty pulses (arXiv:2307.00576), or Bob's bits are counted, the instants at which he says them too, whichever is less, and one bit for the choice. His answers to tags are in the leak.";
const ONE_WAY =
  'Reconciliation is one message from Alice; all that Bob says and that depends on his key is in bobBits, as how many bits were corrected, or, as which frames failed, in the leak, and there is nothing of the kind where bobBits is left out. When he says it tells how long he decoded: bobBits holds as many bits as an instant has by any clock (a session adds 32, for 2^32 instants).';
const PUBLISHED: readonly string[] = [
  ...LAWS,
  EQUAL_DETECTORS_GAP,
  'The step from test errors to phase errors (gamma) is an approximate sampling bound, not a strict one everywhere.',
  'Bits that Bob discloses are not accounted for as in arXiv:2307.00576.',
];
const FIXED_LENGTH =
  'For keys of a fixed length with an acceptance test; its published form has gaps, which arXiv:2405.16578 repairs.';

const EUR =
  'Entropic uncertainty (Tomamichel and Renner, Phys. Rev. Lett. 106, 110506) with variable length (arXiv:2311.01600, 2408.17349) and exact sampling';

export const PROOFS: readonly Proof[] = [
  {
    name: 'tilted',
    title: 'Variable length, one Chernoff bound a decoy statement, exact sampling, two-way reconciliation',
    protocol: 'decoy-bb84',
    intensities: [2, 3],
    rigorous: true,
    source: `${EUR}; decoys by Markov's inequality on combined counts (derived in \`tilted.ts\`)`,
    assumptions: [...COMPOSED, TWO_WAY],
  },
  {
    name: 'tilted-one-way',
    title: 'The same where Bob says next to nothing about his key: empty pulses count',
    protocol: 'decoy-bb84',
    intensities: [2, 3],
    rigorous: true,
    source: `${EUR}; decoys by Markov's inequality on combined counts (derived in \`tilted.ts\`)`,
    assumptions: [...COMPOSED, ONE_WAY],
  },
  {
    name: 'clopper-pearson',
    title: 'Variable length, an exact interval for each count, exact sampling, two-way reconciliation',
    protocol: 'decoy-bb84',
    intensities: [3],
    rigorous: true,
    source: `${EUR}; intervals of arXiv:2410.04095 and Hoeffding (1956) in the decoy formulas of Lim et al. (2014)`,
    assumptions: [...COMPOSED, TWO_WAY],
  },
  {
    name: 'lim2014-hoeffding',
    title: 'Two decoys as published',
    protocol: 'decoy-bb84',
    intensities: [3],
    rigorous: false,
    source: 'Lim, Curty, Walenta, Xu and Zbinden, Phys. Rev. A 89, 022307 (2014)',
    assumptions: [...PUBLISHED, FIXED_LENGTH],
  },
  {
    name: 'lim2014-chernoff',
    title: 'The same with deviations that scale with each count',
    protocol: 'decoy-bb84',
    intensities: [3],
    rigorous: false,
    source: 'Lim et al., Phys. Rev. A 89, 022307 (2014), deviations as in Yin et al., arXiv:2002.06530',
    assumptions: [...PUBLISHED, FIXED_LENGTH, "The deviations are not the paper's own, which are Hoeffding's."],
  },
  {
    name: 'rusca2018',
    title: 'One decoy as published',
    protocol: 'decoy-bb84',
    intensities: [2],
    rigorous: false,
    source: 'Rusca et al., Appl. Phys. Lett. 112, 171104 (2018), read through a public program',
    assumptions: [...PUBLISHED, FIXED_LENGTH],
  },
  {
    name: 'wiesemann2024',
    title: 'One decoy, repaired, as its authors compute it',
    protocol: 'decoy-bb84',
    intensities: [2],
    rigorous: false,
    source: "Wiesemann et al., Quantum 10, 2037 (2026), arXiv:2405.16578, read through its authors' program",
    assumptions: [...PUBLISHED, "Empty pulses are not granted, as its authors' program has it by default."],
  },
  {
    name: 'bbm92',
    title: 'Entangled pairs, exact sampling',
    protocol: 'bbm92',
    intensities: [],
    rigorous: true,
    source: 'Tomamichel and Leverrier, Quantum 1:14 (2017), variable length as arXiv:2311.01600 and 2408.17349',
    assumptions: [
      'Both stations are trusted and squash what arrives to a qubit: detectors alike in efficiency, dark counts, after-pulses and dead time, bases chosen at random by devices Eve has no hold on, several clicks made a random bit.',
      'The block is fixed before it is looked at, and which coincidences are tested follows from the bases alone.',
      "Reconciliation may be two-way: the error pattern may be known to Eve at no cost, since it commutes with what the test counts; Bob's answers to tags are in the leak (see `variable-length.ts`, 6a).",
      'The channel is authenticated, and its own failure probability is to be added.',
    ],
  },
];

/** The proof of that name. Throws FiniteKeyError. */
export function proofNamed(name: string): Proof {
  const found = PROOFS.find((proof) => proof.name === name);
  if (found === undefined) {
    throw new FiniteKeyError('proof', `must be one of ${PROOFS.map((proof) => proof.name).join(', ')}, not ${name}`);
  }
  return found;
}

/** What the counts are good for under a proof. Whatever the document is, it is checked: FiniteKeyError names field and remedy. */
export function keyLength(name: ProofName, document: KeyDocument): KeyStatement {
  const proof = proofNamed(name);
  const checked = checkDocument(document, proof.protocol);
  const planned = plannedIn(checked);
  if (checked.protocol === 'bbm92') return pairLength(checked, proof, planned);
  if (!proof.intensities.some((count) => count === checked.intensities.length)) {
    throw new FiniteKeyError(
      'intensities',
      `${name} is for ${proof.intensities.join(' or ')} of them, not ${checked.intensities.length}; ${DEFAULT_PROOF} takes two or three`,
    );
  }
  switch (name) {
    case 'tilted':
    case 'tilted-one-way':
    case 'clopper-pearson':
      return repairedLength(proof, checked, planned);
    default: {
      for (const field of ['detectorMismatch', 'darkExcess'] as const) {
        if (checked[field]) {
          throw new FiniteKeyError(field, `${name} has no term for it; ask ${DEFAULT_PROOF}, or leave it out`);
        }
      }
      const assumptions = [...proof.assumptions, ...planned];
      return name === 'rusca2018' || name === 'wiesemann2024'
        ? oneDecoyLength(name, checked, assumptions)
        : limLength(name === 'lim2014-chernoff' ? 'chernoff' : 'hoeffding', proof, checked, assumptions);
    }
  }
}

function repairedLength(proof: Proof, document: DecoyDocument, planned: readonly string[]): KeyStatement {
  const oneWay = proof.name === 'tilted-one-way';
  return variableLength(
    oneWay ? { ...document, bobBits: document.bobBits ?? 0 } : document,
    proof.name === 'clopper-pearson' ? clopperPearson : tilted,
    {
      proof: proof.name,
      rigorous: proof.rigorous && planned.length === 0 && (document.detectorMismatch ?? 0) === 0,
      assumptions: [...proof.assumptions, ...planned, ...detectorsAssumed(document)],
    },
  );
}

/** What is assumed of detectors, in sentences. */
function detectorsAssumed({ detectorMismatch = 0, darkExcess }: DecoyDocument): readonly string[] {
  if (detectorMismatch === 0 && darkExcess === undefined) return [EQUAL_DETECTORS_GAP];
  const sentences: string[] = [];
  const alike = ['after-pulses', 'dead time'];
  if (darkExcess === undefined) alike.unshift('dark counts');
  else
    sentences.push(
      'Dark counts come whatever arrives, and are no more than stated beyond those that all detectors have.',
    );
  if (detectorMismatch === 0) alike.unshift('efficiency');
  else {
    sentences.push(
      'Detectors differ in efficiency by no more than stated in any mode, and no mode steers the basis; that splitting them pays for it is derived in `mismatch.ts` for one photon at Bob, not proven for several.',
    );
  }
  const last = alike.pop();
  sentences.push(
    `In all else a click is as likely in one basis as in the other whatever arrives: detectors alike in ${alike.join(', ')} and ${last}.`,
  );
  return sentences;
}

function limLength(
  bound: 'hoeffding' | 'chernoff',
  { name, rigorous }: Proof,
  document: DecoyDocument,
  assumptions: readonly string[],
): KeyStatement {
  const { intensities, probabilities, nX, mX, nZ, mZ, epsSec, epsCor } = document;
  const leakBits = leakOf(document, total(nX), total(mX));
  const triple = (values: readonly number[]): Triple => [values[0]!, values[1]!, values[2]!];
  const counts = {
    meanPhotons: triple(intensities),
    probabilities: triple(probabilities),
    keyDetections: triple(nX),
    testDetections: triple(nZ),
    testErrors: triple(mZ),
  };
  const length = lim2014({ counts, leakedBits: leakBits, epsSec, epsCor, bound });
  const { keyVacuum, keySingles, phaseErrorRate } = length;
  const share = epsSec / SHARES;
  const bits = Math.log2(SHARES) - Math.log2(epsSec);
  // Where nothing is known of singles, `lim2014` grants no empty pulses either.
  const none = length.rawSecretBits < keyVacuum / 2 - leakBits - 6 * bits - 1 + Math.log2(epsCor);
  return statementOf(
    {
      s0: keyVacuum,
      s1: keySingles,
      phaseError: phaseErrorRate,
      leakBits,
      epsilons: [
        { event: 'chain rules and smoothing (2 (2 a1 + a2 + a3))', probability: share, share: 8 * share },
        { event: 'privacy amplification (nu)', probability: share, share },
        { event: 'detections by intensity (10 eps1)', probability: share, share: 10 * share },
        { event: 'errors by intensity (2 eps2)', probability: share, share: 2 * share },
      ],
      proof: name,
      rigorous,
      assumptions,
    },
    {
      vacuum: none ? 0 : keyVacuum,
      singles: none ? 0 : keySingles,
      phaseErrors: none ? 0 : -keySingles * binaryEntropy(phaseErrorRate),
      leak: -leakBits,
      privacyAmplification: -6 * bits,
      verification: -verificationOf(document),
    },
  );
}

function pairLength(document: PairDocument, proof: Proof, planned: readonly string[]): KeyStatement {
  const { keyBits, keyErrors = 0, testBits, testErrors, epsSec, epsCor } = document;
  const leakBits = leakOf(document, keyBits, keyErrors);
  const request: Bbm92Request = { keyBits, testBits, testErrors, leakedBits: leakBits, epsSec, epsCor };
  const { phaseErrorRate, epsSampling } = bbm92(request);
  return statementOf(
    {
      s0: 0,
      s1: keyBits,
      phaseError: phaseErrorRate,
      leakBits,
      epsilons: [
        { event: 'phase errors drawn against the odds', probability: epsSampling, share: epsSec / 2 },
        { event: 'privacy amplification', probability: epsSec / 2, share: epsSec / 2 },
      ],
      proof: proof.name,
      rigorous: proof.rigorous && planned.length === 0,
      assumptions: [...proof.assumptions, ...planned],
    },
    {
      singles: keyBits,
      phaseErrors: -keyBits * binaryEntropy(phaseErrorRate),
      leak: -leakBits,
      privacyAmplification: 2 * Math.log2(epsSec),
      verification: -verificationOf(document),
    },
  );
}
