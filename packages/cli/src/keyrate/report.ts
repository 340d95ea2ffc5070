/** What `skykey keyrate` says to people: every term and every epsilon, the proof, and what must hold. */
import type { KeyDocument, KeyStatement, Optimum, Proof } from '@skykey/finitekey';
import { DEFAULT_PROOF } from '@skykey/finitekey';
import { paragraph } from '../paragraph.ts';
import type { AskedLink } from './link.ts';

/** What each term of a length is, in words. */
const TERMS: Readonly<Record<string, string>> = {
  vacuum: 'of empty pulses: nobody knows their bit',
  singles: 'of single photons, at least',
  phaseErrors: 'what Eve may know of those',
  leak: 'disclosed by error correction',
  twoWay: 'for what Bob said (arXiv:2307.00576)',
  mismatch: 'for detectors that differ',
  privacyAmplification: 'privacy amplification and chain rules',
  verification: 'comparing the two keys',
};

const NAME = 21;
const FIGURE = 15;

export function proofTable(proofs: readonly Proof[]): string {
  const lines: string[] = [];
  for (const { name, title, protocol, intensities, rigorous, source } of proofs) {
    const states = intensities.length > 0 ? `, ${intensities.join(' or ')} intensities` : '';
    lines.push(
      `${name}${name === DEFAULT_PROOF ? ' (the default)' : ''}`,
      ...paragraph(`${title}.`),
      `    ${protocol}${states}; ${rigorous ? 'every step a theorem, given its assumptions' : 'for comparison, not rigorous'}`,
      ...paragraph(source, { first: 4 }),
    );
  }
  return `${lines.join('\n')}\n`;
}

export function statementReport(proof: Proof, statement: KeyStatement, document: KeyDocument): string {
  return `${[...head(proof, statement), ...body(statement, document)].join('\n')}\n`;
}

export function optimumReport(proof: Proof, asked: AskedLink, optimum: Optimum): string {
  const { setting, statement, document, keyFromBlocks } = optimum;
  const { keyBasis, intensities, probabilities } = setting;
  const { link } = asked.request;
  const slices = asked.transmittance.length;
  const mostLossDb = (-10 * Math.log10(optimum.threshold)).toFixed(2);
  const lines = [
    ...head(proof, statement),
    '',
    keyFromBlocks === 1
      ? 'Setting that is expected to bring most'
      : keyFromBlocks === null
        ? 'A setting like any other'
        : 'Setting that comes nearest to a key',
    row(
      'key basis',
      keyBasis.sender === keyBasis.receiver
        ? `${digits(keyBasis.sender)} at both ends`
        : `${digits(keyBasis.sender)} at the sender, ${digits(keyBasis.receiver)} at the receiver`,
    ),
    row('intensities', `${intensities.map(digits).join(', ')} photons`),
    row('probabilities', probabilities.map(digits).join(', ')),
    ...(slices > 1 ? [row('part of the pass', `${optimum.slices} of ${slices} slices: up to ${mostLossDb} dB`)] : []),
    row('pulses', figure(link.pulses * optimum.slices)),
  ];
  if (keyFromBlocks !== 1) {
    const words =
      keyFromBlocks === null
        ? 'No key, however long it lasts: errors or noise are too many for this proof. This was searched from every side: a dense grid, and blocks of all sizes.'
        : `No key from this block, searched from a dense grid and from larger blocks: there would be some from about ${keyFromBlocks.toPrecision(3)} times as many pulses.`;
    lines.push('', ...paragraph(words, { first: 0, indent: 2 }));
  }
  lines.push(...body(statement, document));
  lines.push('', 'Counts are expectations: those of a real block vary, and so does its key.');
  if (asked.assumed.length > 0)
    lines.push(...paragraph(`Not given, and taken: ${asked.assumed.join(', ')}.`, { first: 0 }));
  return `${lines.join('\n')}\n`;
}

function head(proof: Proof, { secretBits, rigorous }: KeyStatement): string[] {
  return [
    `${figure(secretBits)} secret bits under ${proof.name}`,
    ...paragraph(`${proof.title}.`),
    ...paragraph(`${proof.source}.`),
    ...(rigorous
      ? ['  Every step is a theorem, given what is assumed below.']
      : proof.rigorous
        ? paragraph(
            'Not for releasing key as it stands: something was modelled, expected or not proven; see what is assumed below.',
          )
        : ['  Not rigorous: for comparison, not for releasing key.']),
  ];
}

function body(statement: KeyStatement, document: KeyDocument): string[] {
  const { terms, s0, s1, phaseError, epsilons, assumptions, rawSecretBits } = statement;
  const { sifted, errors } = siftedOf(document);
  const share = sifted > 0 ? ` (${percent(statement.secretBits / sifted)})` : '';
  return [
    '',
    'Counted and bounded',
    row('sifted bits', `${figure(sifted)}${share}`),
    ...(errors === null || sifted === 0
      ? []
      : [row('errors among them', `${figure(errors)} (${percent(errors / sifted)})`)]),
    ...(document.protocol === 'decoy-bb84'
      ? [row('empty pulses, s0', `at least ${figure(s0)}`), row('single photons, s1', `at least ${figure(s1)}`)]
      : []),
    row('phase errors', `at most ${percent(phaseError)}`),
    '',
    'What the length is made of, in bits',
    ...Object.entries(terms).map(([name, bits]) => term(name, bits, TERMS[name] ?? '')),
    term('sum', rawSecretBits, rawSecretBits < 0 ? 'below 0: no key' : 'rounded down to the length'),
    '',
    'What may go wrong, each with its share of eps_sec',
    ...epsilons.flatMap(({ event, probability, share: part }) => [
      `  ${part.toExponential(2).padStart(9)}   ${event}${probability === part ? '' : ` (probability ${probability.toExponential(2)})`}`,
    ]),
    `  ${document.epsSec.toExponential(2).padStart(9)}   together: the key is not secret`,
    `  ${document.epsCor.toExponential(2).padStart(9)}   beside it: the two keys differ (eps_cor)`,
    '',
    'Assumed',
    ...assumptions.flatMap((one) => paragraph(one)),
  ];
}

function siftedOf(document: KeyDocument): { readonly sifted: number; readonly errors: number | null } {
  if (document.protocol === 'bbm92') return { sifted: document.keyBits, errors: document.keyErrors ?? null };
  const sum = (values: readonly number[]): number => values.reduce((whole, value) => whole + value, 0);
  return { sifted: sum(document.nX), errors: sum(document.mX) };
}

const row = (name: string, text: string): string => `  ${name.padEnd(NAME)} ${text}`;

function term(name: string, bits: number, words: string): string {
  const signed = `${bits < 0 ? '-' : '+'}${Math.abs(bits).toLocaleString('en', { maximumFractionDigits: 1, minimumFractionDigits: 1 })}`;
  return `  ${name.padEnd(NAME)}${signed.padStart(FIGURE)}   ${words}`.trimEnd();
}

const figure = (n: number): string => n.toLocaleString('en', { maximumFractionDigits: 0 });
const digits = (n: number): string => String(Number(n.toPrecision(5)));
const percent = (share: number): string => `${Number((100 * share).toPrecision(3))} %`;
