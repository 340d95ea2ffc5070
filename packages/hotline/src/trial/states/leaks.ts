import { createHash } from 'node:crypto';
import { SecretBytes } from '@skykey/bits';
import type { EpochContext, EpochInput, EpochInputs, EpochSecrets } from '../../secret/combiner.ts';
import { namesOf } from './combiner-watched.ts';

/**
 * Every pattern in which the four secrets of agreements leak, at every place of a chain of them, through the shipped
 * combiner: an attacker who has the public context, what leaked, and guesses for the rest, computes each epoch in turn and
 * takes his own root on to the next.
 */
export interface LeakResult {
  /** Agreements one after the other. */
  readonly chain: number;
  /** Ways in which secrets of all of them may have leaked, and the root before the first or not. */
  readonly patterns: number;
  readonly combined: number;
  /** Epochs that the attacker came to, all of them by knowing everything. */
  readonly known: number;
  readonly unknown: number;
  readonly violations: readonly string[];
}

export type Combine = (root: SecretBytes, inputs: EpochInputs, context: EpochContext) => EpochSecrets;

const INPUTS: readonly EpochInput[] = ['kem', 'ecdh', 'psk', 'qkd'];
const ALL = (1 << INPUTS.length) - 1;

interface Link {
  readonly context: EpochContext;
  readonly real: Readonly<Record<EpochInput, Uint8Array>>;
  readonly secrets: Readonly<Record<string, string>>;
}

/** `without`: inputs that both sites left out by consent in every agreement of the chain. */
export function leaks(combine: Combine, chain: number, without: readonly EpochInput[] = []): LeakResult {
  const links: Link[] = [];
  const rootBefore = bytes('root');
  let root = rootBefore;
  for (let i = 0; i < chain; i++) {
    const context = contextOf(i, without);
    const real = { kem: bytes(`kem ${i}`), ecdh: bytes(`ecdh ${i}`), psk: bytes('psk'), qkd: bytes(`qkd ${i}`) };
    const secrets = named(combine, root, real, context, without);
    links.push({ context, real, secrets });
    root = unhex(secrets.root!);
  }
  const violations: string[] = [];
  const count = { patterns: 0, combined: 0, known: 0, unknown: 0 };
  const there = INPUTS.reduce((mask, input, i) => (without.includes(input) ? mask : mask | (1 << i)), 0);
  const attack = (at: number, hisRoot: Uint8Array, hasRoot: boolean, way: string): void => {
    const link = links[at];
    if (!link) {
      count.patterns++;
      return;
    }
    for (let pattern = 0; pattern <= ALL; pattern++) {
      // What was left out cannot leak.
      if ((pattern & ~there) !== 0) continue;
      const guess = (input: EpochInput, i: number) =>
        pattern & (1 << i) ? link.real[input] : bytes(`guess ${input} ${at}`);
      const his = Object.fromEntries(INPUTS.map((input, i) => [input, guess(input, i)])) as Link['real'];
      const made = named(combine, hisRoot, his, link.context, without);
      count.combined++;
      const all = pattern === there && hasRoot;
      const same = Object.keys(made).filter((name) => made[name] === link.secrets[name]).length;
      const leaked = INPUTS.filter((_, i) => pattern & (1 << i)).join('+') || 'nothing';
      const here = `${way} · ${leaked}`;
      if (all) count.known++;
      else count.unknown++;
      if (!all && same > 0) violations.push(`keys can be predicted after ${here}`);
      if (all && same < Object.keys(made).length)
        violations.push(`whoever knows all comes to other keys after ${here}`);
      attack(at + 1, unhex(made.root!), all, here);
    }
  };
  attack(0, rootBefore, true, 'root before known');
  attack(0, bytes('guess root'), false, 'root before unknown');
  return { chain, ...count, violations: violations.slice(0, 20) };
}

function named(
  combine: Combine,
  root: Uint8Array,
  { kem, ecdh, psk, qkd }: Link['real'],
  context: EpochContext,
  without: readonly EpochInput[],
): Readonly<Record<string, string>> {
  const one = (input: EpochInput, of: Uint8Array) => (without.includes(input) ? null : SecretBytes.adopt(of.slice()));
  const key = one('qkd', qkd);
  const inputs = { kem: one('kem', kem), ecdh: one('ecdh', ecdh), psk: one('psk', psk), qkd: key && [key] };
  return namesOf(combine(SecretBytes.adopt(root.slice()), inputs, context));
}

function contextOf(at: number, without: readonly EpochInput[]): EpochContext {
  const has = (input: EpochInput) => !without.includes(input);
  return {
    suite: 'suite',
    suites: { initiator: ['suite'], responder: ['suite'] },
    desks: { initiator: 'desk-a', responder: 'desk-b' },
    conversationId: '9d6f3a52-1c1c-4a0e-8a39-d9c6a1a0c0de',
    number: at + 1,
    kem: has('kem') ? { publicKey: bytes(`pk ${at}`, 1568), ciphertext: bytes(`ct ${at}`, 1568) } : null,
    ecdh: has('ecdh') ? { initiator: bytes(`pi ${at}`), responder: bytes(`pr ${at}`) } : null,
    qkd: has('qkd') ? [{ keyId: `00000000-0000-4000-8000-00000000000${at}`, provenance: 'direct' }] : [],
    policyHash: bytes('policy'),
    transcripts: { initiator: bytes('transcript'), responder: bytes('transcript') },
    agreementHash: bytes(`agreement ${at}`, 64),
    removed: without.map((input) => ({ input, consentHash: bytes('consent') })),
  };
}

function bytes(name: string, count = 32): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let i = 0; parts.length * 64 < count; i++) parts.push(createHash('sha512').update(`${name}/${i}`).digest());
  return new Uint8Array(Buffer.concat(parts).subarray(0, count));
}

function unhex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}
