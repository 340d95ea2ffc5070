import type { DecoyDocument, KeyStatement } from './document.ts';
import { FiniteKeyError } from './error.ts';
import { type ExpectedCounts, type ExpectedLink, LinkModel, type Setting } from './link-model.ts';
import { keyLength, type Proof, type ProofName, proofNamed } from './proofs.ts';
import { type SettingRules, settingSpace } from './setting-space.ts';
import { type Begin, highest, type Judge, SPARING, THOROUGH } from './summit.ts';

/** The setting of a decoy source, and the part of a pass, from which a link is expected to bring most key under a proof. */
export interface OptimiseRequest extends Omit<SettingRules, 'decoys'> {
  readonly link: ExpectedLink;
  readonly proof: ProofName;
  readonly epsSec: number;
  readonly epsCor: number;
  /** f in f n h(E), as what reconciliation will disclose. */
  readonly efficiency: number;
  /** Bits of the verification tag that will be sent; left out: log2(2 / epsCor), as published formulas have it. */
  readonly tagBits?: number;
  /** 1 - least / greatest efficiency of the receiver's detectors. */
  readonly detectorMismatch?: number;
  /** Intensities besides the signal: 2 where the proof can treat as many, if not given. */
  readonly decoys?: 1 | 2;
  /** A setting to begin from as well, for instance that of a neighbouring link. */
  readonly near?: Setting;
}

export interface Optimum {
  readonly setting: Setting;
  /** The key length that is expected there, and everything that it rests on. */
  readonly statement: KeyStatement;
  /** Expected counts and the rest of what it was computed from. */
  readonly document: DecoyDocument;
  /** Slices of the pass that are used, and what their transmittance is at least. */
  readonly slices: number;
  readonly threshold: number;
  /** Times that a proof was asked. */
  readonly evaluations: number;
  /** 1 where there is key; else how many times the pulses would bring some, null if no number that can be counted would. */
  readonly keyFromBlocks: number | null;
}

/** A proof that takes its time is begun where a faster one of as many intensities ends, which decides nothing else. */
const SCOUTS: Readonly<Partial<Record<ProofName, Readonly<Record<1 | 2, ProofName>>>>> = {
  tilted: { 1: 'wiesemann2024', 2: 'lim2014-chernoff' },
  'tilted-one-way': { 1: 'wiesemann2024', 2: 'lim2014-chernoff' },
  'clopper-pearson': { 1: 'wiesemann2024', 2: 'lim2014-chernoff' },
};

/** Throws FiniteKeyError, naming the field. Deterministic. */
export function optimise(request: OptimiseRequest): Optimum {
  const { proof, near } = request;
  const decoys = decoysFor(proofNamed(proof), request.decoys);
  const model = new LinkModel(request.link);
  const space = settingSpace({ ...request, decoys });
  const begin: Begin[] = near === undefined ? [] : [{ setting: near }];
  const scout = SCOUTS[proof]?.[decoys];
  let evaluations = 0;
  if (scout !== undefined) {
    const scouted = highest(model, space, judgeBy(scout, { ...request, detectorMismatch: undefined }), THOROUGH, begin);
    begin.unshift({ ...scouted, blocks: scouted.keyFromBlocks ?? undefined });
    evaluations = scouted.evaluations;
  }
  const found = highest(model, space, judgeBy(proof, request), scout === undefined ? THOROUGH : SPARING, begin);
  const document = documentOf(model.counts(found.window, found.setting), found.setting, request);
  return {
    setting: found.setting,
    statement: keyLength(proof, document),
    document,
    slices: model.slices[found.window]!,
    threshold: model.thresholds[found.window]!,
    evaluations: evaluations + found.evaluations,
    keyFromBlocks: found.keyFromBlocks,
  };
}

function decoysFor({ name, protocol, intensities }: Proof, asked: 1 | 2 | undefined): 1 | 2 {
  if (protocol !== 'decoy-bb84') {
    throw new FiniteKeyError('proof', `${name} is for pairs, which have no intensities; name one for decoy-bb84`);
  }
  const decoys = asked ?? (intensities.includes(3) ? 2 : 1);
  if (intensities.some((n) => n === decoys + 1)) return decoys;
  throw new FiniteKeyError('decoys', `must be ${intensities.map((n) => n - 1).join(' or ')} for ${name}, not ${asked}`);
}

type Price = Pick<OptimiseRequest, 'epsSec' | 'epsCor' | 'efficiency' | 'tagBits' | 'detectorMismatch'>;

function judgeBy(name: ProofName, price: Price): Judge {
  return (counts, setting) => {
    const { rawSecretBits, s1, phaseError } = keyLength(name, documentOf(counts, setting, price));
    return { bits: rawSecretBits, informative: s1 > 0 && phaseError < 0.5 };
  };
}

function documentOf(counts: ExpectedCounts, setting: Setting, price: Price): DecoyDocument {
  const { epsSec, epsCor, efficiency, tagBits, detectorMismatch } = price;
  return {
    protocol: 'decoy-bb84',
    intensities: setting.intensities,
    probabilities: setting.probabilities,
    ...counts,
    epsSec,
    epsCor,
    efficiency,
    ...(tagBits === undefined ? {} : { tagBits }),
    ...(detectorMismatch === undefined ? {} : { detectorMismatch }),
  };
}
