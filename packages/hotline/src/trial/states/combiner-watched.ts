import { createHash } from 'node:crypto';
import { SecretBytes } from '@skykey/bits';
import * as shipped from '../../secret/combiner.ts';
import { DIRECTIONS, LANES } from '../../secret/lanes.ts';
import { short } from './key-exchange-once.ts';
import { type Derivation, tape } from './tape.ts';

/** Stands before the shipped combiner in a search, and notes what went into each epoch. */

export type {
  EpochContext,
  EpochInput,
  EpochInputs,
  QkdKeyName,
  Removal,
} from '../../secret/combiner.ts';
export {
  checkSecret,
  DIGEST_BYTES,
  EPOCH_ID_BYTES,
  EPOCH_INPUTS,
  EpochSecrets,
  encodeContext,
  MIN_KEY_BYTES,
  ROOT_BYTES,
} from '../../secret/combiner.ts';

export function combine(
  root: SecretBytes,
  inputs: shipped.EpochInputs,
  context: shipped.EpochContext,
): shipped.EpochSecrets {
  const seen = short(shipped.encodeContext(context));
  const question = questionOf(root, inputs, seen);
  const before = asked.get(question);
  if (before) return copyOf(before);
  const secrets = shipped.combine(root, inputs, context);
  asked.set(question, copyOf(secrets));
  const id = Buffer.from(secrets.id).toString('hex');
  const named = namesOf(secrets);
  const known = tape.derived.get(id);
  if (known) {
    const same = seen === known.context && Object.keys(named).every((name) => named[name] === known.secrets[name]);
    if (!same) tape.onQuarrel('one epoch id stands for two views of an agreement, or for two sets of keys');
    return secrets;
  }
  const { kem, ecdh, psk, qkd } = inputs;
  const held = { root: copy(root), kem: kem && copy(kem), ecdh: ecdh && copy(ecdh), psk: psk && copy(psk) };
  const keys = qkd?.map(copy) ?? null;
  const derivation: Derivation = {
    ...{ id, number: context.number, root: hex(held.root), context: seen, secrets: named },
    kem: held.kem && hex(held.kem),
    ecdh: held.ecdh && hex(held.ecdh),
    psk: held.psk && hex(held.psk),
    qkd: keys?.map(hex) ?? null,
    kemSeed: context.kem ? tape.kemSeeds.get(short(context.kem.publicKey)) : undefined,
    scalars: context.ecdh
      ? [context.ecdh.initiator, context.ecdh.responder].map((point) => tape.scalars.get(short(point)))
      : [],
    again: (change) => {
      const other = (bytes: Uint8Array | undefined, real: Uint8Array | null) =>
        real && SecretBytes.adopt((bytes ?? real).slice());
      const guessed = shipped.combine(
        other(change.root, held.root)!,
        {
          kem: other(change.kem, held.kem),
          ecdh: other(change.ecdh, held.ecdh),
          psk: other(change.psk, held.psk),
          qkd: keys?.map((key) => other(change.qkd, key)!) ?? null,
        },
        context,
      );
      return namesOf(guessed);
    },
  };
  tape.derived.set(id, derivation);
  tape.onEpoch(derivation);
  return secrets;
}

/** Answers of the combiner by its questions: a desk that goes through the same things again asks the same ones. */
const asked = new Map<string, shipped.EpochSecrets>();

function questionOf(root: SecretBytes, { kem, ecdh, psk, qkd }: shipped.EpochInputs, seen: string): string {
  const hash = createHash('sha256').update(seen);
  for (const secret of [root, kem, ecdh, psk, ...(qkd ?? [])]) {
    if (secret) secret.open((bytes) => hash.update(bytes));
    hash.update('/');
  }
  return hash.digest('base64');
}

/** As the constructor makes them, from bytes of its own. */
function copyOf({ id, root, confirm, chains, media, safety }: shipped.EpochSecrets): shipped.EpochSecrets {
  const one = (secret: SecretBytes) => secret.slice(0, secret.length);
  const both = (of: Readonly<Record<1 | 2, SecretBytes>>) => ({ 1: one(of[1]), 2: one(of[2]) });
  return Object.assign(Object.create(shipped.EpochSecrets.prototype), {
    id: id.slice(),
    root: one(root),
    confirm: { initiator: one(confirm.initiator), responder: one(confirm.responder) },
    chains: { control: both(chains.control), text: both(chains.text), file: both(chains.file) },
    media: both(media),
    safety: one(safety),
  });
}

/** Every secret of an epoch in the clear, by name. */
export function namesOf(secrets: shipped.EpochSecrets): Readonly<Record<string, string>> {
  const of = (secret: SecretBytes) => hex(copy(secret));
  const named: Record<string, string> = {
    root: of(secrets.root),
    'confirm initiator': of(secrets.confirm.initiator),
    'confirm responder': of(secrets.confirm.responder),
    'safety phrase': of(secrets.safety),
  };
  for (const direction of DIRECTIONS) {
    named[`media ${direction}`] = of(secrets.media[direction]);
    for (const lane of LANES) named[`chain ${lane} ${direction}`] = of(secrets.chains[lane][direction]);
  }
  return named;
}

function copy(secret: SecretBytes): Uint8Array {
  return secret.open((bytes) => bytes.slice());
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
