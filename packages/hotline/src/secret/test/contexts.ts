import type { EpochContext, EpochInputs, EpochSecrets } from '../combiner.ts';
import { DIRECTIONS, LANES } from '../lanes.ts';
import { reveal, type Seeded } from './seeded.ts';

/** A context as an agreement makes it, with two QKD keys. */
export function contextFrom(seeded: Seeded): EpochContext {
  return {
    suite: 'suite-b',
    suites: { initiator: ['suite-a', 'suite-b'], responder: ['suite-b', 'suite-c'] },
    desks: { initiator: 'beijing', responder: 'moscow' },
    conversationId: seeded.uuid(),
    number: 8,
    kem: { publicKey: seeded.bytes(1568), ciphertext: seeded.bytes(1568) },
    ecdh: { initiator: seeded.bytes(32), responder: seeded.bytes(32) },
    qkd: [
      { keyId: seeded.uuid(), provenance: 'direct' },
      { keyId: seeded.uuid(), provenance: 'via satellite Micius' },
    ],
    policyHash: seeded.bytes(32),
    transcripts: { initiator: seeded.bytes(32), responder: seeded.bytes(32) },
    agreementHash: seeded.bytes(64),
    removed: [],
  };
}

/** Secrets that fit `contextFrom`. */
export function inputsFrom(seeded: Seeded): EpochInputs {
  return {
    kem: seeded.secret(),
    ecdh: seeded.secret(),
    psk: seeded.secret(48),
    qkd: [seeded.secret(), seeded.secret(64)],
  };
}

/** Everything of an epoch in the clear, by name. */
export function opened(secrets: EpochSecrets): Readonly<Record<string, string>> {
  const all: Record<string, string> = {
    id: Buffer.from(secrets.id).toString('hex'),
    root: reveal(secrets.root),
    'confirm initiator': reveal(secrets.confirm.initiator),
    'confirm responder': reveal(secrets.confirm.responder),
    safety: reveal(secrets.safety),
  };
  for (const direction of DIRECTIONS) {
    all[`media ${direction}`] = reveal(secrets.media[direction]);
    for (const lane of LANES) all[`chain ${lane} ${direction}`] = reveal(secrets.chains[lane][direction]);
  }
  return all;
}
