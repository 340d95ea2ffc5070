import { SecretBytes } from '@skykey/bits';
import { Writer } from '../bytes.ts';
import { HotlineError } from '../error.ts';
import { expand, extract, label } from './hkdf.ts';
import { KEM_CIPHERTEXT_BYTES, KEM_PUBLIC_KEY_BYTES, POINT_BYTES, SHARED_BYTES } from './key-exchange.ts';
import { DIRECTIONS, type Direction, LANES, type Lane } from './lanes.ts';
import { isUuid, uuidBytes } from './uuid.ts';

/**
 * From the secrets of one agreement and the root of the epoch before to everything an epoch encrypts with:
 *
 *   epoch = HKDF-SHA-512(salt = root before, input = LP(kem) ‖ LP(ecdh) ‖ LP(psk) ‖ LP(qkd), info = context)   64 bytes
 *   each secret = HKDF-Expand(epoch, its label)
 *
 * The result is secret as long as any one input or the root before is (hotline reference, section 5). QKD key ids and
 * provenance are in the context, else keys chosen dependently could be passed off for each other (Hövelmanns, Planken,
 * Schaffner, Verschoor, arXiv 2509.12478).
 */

export type EpochInput = 'kem' | 'ecdh' | 'psk' | 'qkd';
export const EPOCH_INPUTS: readonly EpochInput[] = ['kem', 'ecdh', 'psk', 'qkd'];

/** Bytes of a root, of an epoch id, of the hashes that a context names. */
export const ROOT_BYTES = 32;
export const EPOCH_ID_BYTES = 16;
export const DIGEST_BYTES = 32;
/** Shortest couriered PSK and shortest QKD key, bytes. */
export const MIN_KEY_BYTES = 32;

/** What the couple of desks left out, and the hash of the consent that both humans gave to it. */
export interface Removal {
  readonly input: EpochInput;
  /** 32 bytes. */
  readonly consentHash: Uint8Array;
}

/** A QKD key by its public facts. */
export interface QkdKeyName {
  /** UUID, lower case. */
  readonly keyId: string;
  /** Where the key comes from, as in "direct" or "via satellite X": 1 to 255 bytes of UTF-8. */
  readonly provenance: string;
}

/** The secrets, lent to `combine`. One that is null must be named in the context's `removed`. */
export interface EpochInputs {
  /** ML-KEM-1024 and X25519, 32 bytes each. */
  readonly kem: SecretBytes | null;
  readonly ecdh: SecretBytes | null;
  /** At least 32 bytes. */
  readonly psk: SecretBytes | null;
  /** At least 32 bytes each, in the order of their names in the context. */
  readonly qkd: readonly SecretBytes[] | null;
}

/** What both desks have to see alike, or they come to different keys. All public. */
export interface EpochContext {
  readonly suite: string;
  /** Both pinned lists whole, so that shortening one is seen. */
  readonly suites: { readonly initiator: readonly string[]; readonly responder: readonly string[] };
  readonly desks: { readonly initiator: string; readonly responder: string };
  /** UUID. */
  readonly conversationId: string;
  /** 1 and up. */
  readonly number: number;
  readonly kem: { readonly publicKey: Uint8Array; readonly ciphertext: Uint8Array } | null;
  readonly ecdh: { readonly initiator: Uint8Array; readonly responder: Uint8Array } | null;
  readonly qkd: readonly QkdKeyName[];
  /** 32 bytes each; a transcript before the first message may be all zeros, a policy never. */
  readonly policyHash: Uint8Array;
  readonly transcripts: { readonly initiator: Uint8Array; readonly responder: Uint8Array };
  /** Hash over offer and answer, which carry more than is named here: nonces, numbers, reasons. 64 bytes. */
  readonly agreementHash: Uint8Array;
  readonly removed: readonly Removal[];
}

/** Everything of one epoch. All secrets are the holder's to wipe. */
export class EpochSecrets {
  /** 16 bytes, public: names the epoch in records. */
  readonly id: Uint8Array;
  /** 32 bytes: salt of the next agreement. */
  readonly root: SecretBytes;
  /** Keys of 32 bytes by which each role shows that it has this epoch, before anything uses it. */
  readonly confirm: { readonly initiator: SecretBytes; readonly responder: SecretBytes };
  /** First chain keys, 32 bytes. */
  readonly chains: Readonly<Record<Lane, Readonly<Record<Direction, SecretBytes>>>>;
  /** 32 bytes for each direction. */
  readonly media: Readonly<Record<Direction, SecretBytes>>;
  /** 32 bytes from which the safety phrase comes, see `safetyBytes`. */
  readonly safety: SecretBytes;

  /** Takes the 64 bytes of `epoch` apart; they stay the caller's. */
  constructor(epoch: SecretBytes) {
    const part = (purpose: string, bytes = 32) => expand(epoch, label(purpose), bytes);
    const bothWays = (purpose: string) => ({ 1: part(`${purpose} 1`), 2: part(`${purpose} 2`) });
    this.id = part('epoch id', EPOCH_ID_BYTES).open((bytes) => bytes.slice());
    this.root = part('root', ROOT_BYTES);
    this.confirm = { initiator: part('confirm initiator'), responder: part('confirm responder') };
    this.chains = { control: bothWays('chain control'), text: bothWays('chain text'), file: bothWays('chain file') };
    this.media = bothWays('media');
    this.safety = part('safety phrase');
  }

  wipe(): void {
    for (const secret of [this.root, this.confirm.initiator, this.confirm.responder, this.safety]) secret.wipe();
    for (const direction of DIRECTIONS) {
      this.media[direction].wipe();
      for (const lane of LANES) this.chains[lane][direction].wipe();
    }
  }
}

/**
 * The secrets of the epoch after the one with root `root`. Nothing handed in is wiped. Throws HotlineError
 * `hotline/bad-argument` when a secret is missing, short or all zeros, or a part of the context is not as described: an
 * empty input is never taken as an absent one (the fault of Arnika, GHSA-rc6v-5rmx-w5mv, where an empty post-quantum key
 * was a silent downgrade).
 */
export function combine(root: SecretBytes, inputs: EpochInputs, context: EpochContext): EpochSecrets {
  checkSecret('root', root, ROOT_BYTES, ROOT_BYTES);
  checkInputs(inputs, context);
  const info = encodeContext(context);
  const input = encodeInputs(inputs);
  const pseudorandomKey = extract(root, input);
  const epoch = expand(pseudorandomKey, info, 64);
  try {
    return new EpochSecrets(epoch);
  } finally {
    for (const secret of [input, pseudorandomKey, epoch]) secret.wipe();
  }
}

function encodeInputs({ kem, ecdh, psk, qkd }: EpochInputs): SecretBytes {
  const writer = new Writer();
  const add = (name: EpochInput, secret: SecretBytes | null) => {
    secret?.open((bytes) => writer.labelled(name, plain(bytes)));
  };
  add('kem', kem);
  add('ecdh', ecdh);
  add('psk', psk);
  if (qkd) {
    const keys = new Writer();
    for (const key of qkd) key.open((bytes) => keys.long(plain(bytes)));
    const together = SecretBytes.adopt(keys.finish());
    add('qkd', together);
    together.wipe();
  }
  return SecretBytes.adopt(writer.finish());
}

/** The info of the derivation: each part after its label and length. */
export function encodeContext(context: EpochContext): Uint8Array {
  checkContext(context);
  const { suite, suites, desks, conversationId, number, kem, ecdh, qkd, removed } = context;
  const text = new TextEncoder();
  const list = (names: readonly string[]) => names.reduce((w, name) => w.name(name), new Writer()).finish();
  const writer = new Writer()
    .labelled('protocol', label('epoch'))
    .labelled('suite', text.encode(suite))
    .labelled('suites of the initiator', list(suites.initiator))
    .labelled('suites of the responder', list(suites.responder))
    .labelled('initiator', text.encode(desks.initiator))
    .labelled('responder', text.encode(desks.responder))
    .labelled('conversation', uuidBytes(conversationId))
    .labelled('number', new Writer().u64(number).finish());
  if (kem) {
    writer.labelled('ML-KEM public key', plain(kem.publicKey)).labelled('ML-KEM ciphertext', plain(kem.ciphertext));
  }
  if (ecdh) {
    writer
      .labelled('point of the initiator', plain(ecdh.initiator))
      .labelled('point of the responder', plain(ecdh.responder));
  }
  for (const { keyId, provenance } of qkd) {
    writer.labelled('QKD key', new Writer().raw(uuidBytes(keyId)).name(provenance).finish());
  }
  writer
    .labelled('policy', plain(context.policyHash))
    .labelled('transcript of the initiator', plain(context.transcripts.initiator))
    .labelled('transcript of the responder', plain(context.transcripts.responder))
    .labelled('agreement', plain(context.agreementHash));
  for (const input of EPOCH_INPUTS) {
    const removal = removed.find((one) => one.input === input);
    if (removal) writer.labelled(`without ${input} by consent`, plain(removal.consentHash));
  }
  return writer.finish();
}

/** As an ordinary array, without a copy: whatever slices a Buffer shares its memory, and may overwrite it. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

function checkInputs(inputs: EpochInputs, { removed, qkd, kem, ecdh }: EpochContext): void {
  const removedInputs = removed.map(({ input }) => input);
  if (new Set(removedInputs).size !== removed.length) refuse('an input is removed twice');
  if (removed.length >= EPOCH_INPUTS.length) refuse('all inputs are removed; at least one has to stay');
  for (const input of EPOCH_INPUTS) {
    const gone = removedInputs.includes(input);
    if (inputs[input] === null && !gone) {
      refuse(`the input ${input} is missing, and no consent of both humans removes it`);
    }
    if (inputs[input] !== null && gone) refuse(`the input ${input} is there, although it is named as removed`);
  }
  if ((kem === null) !== (inputs.kem === null) || (ecdh === null) !== (inputs.ecdh === null)) {
    refuse('the public half of a key exchange must be in the context exactly when its secret is an input');
  }
  if (inputs.kem) checkSecret('kem', inputs.kem, SHARED_BYTES, SHARED_BYTES);
  if (inputs.ecdh) checkSecret('ecdh', inputs.ecdh, SHARED_BYTES, SHARED_BYTES);
  if (inputs.psk) checkSecret('psk', inputs.psk, MIN_KEY_BYTES);
  if (inputs.qkd?.length === 0) refuse('the list of QKD keys is empty; without them it has to be null, by consent');
  if ((inputs.qkd ?? []).length !== qkd.length) refuse('there must be a name for each QKD key and a key for each name');
  for (const key of inputs.qkd ?? []) checkSecret('qkd', key, MIN_KEY_BYTES);
}

function checkContext({ suites, suite, desks, conversationId, number, ...context }: EpochContext): void {
  for (const name of [suite, ...suites.initiator, ...suites.responder, desks.initiator, desks.responder]) {
    if (!/^[!-~]{1,64}$/.test(name)) refuse('suites and desks have names of 1 to 64 printable ASCII characters');
  }
  if (desks.initiator === desks.responder) refuse('the two desks have the same id');
  if (!suites.initiator.includes(suite) || !suites.responder.includes(suite)) {
    refuse('the suite is not one that both desks accept');
  }
  if (!isUuid(conversationId)) refuse('conversationId must be a UUID in lower case');
  if (!Number.isSafeInteger(number) || number < 1) refuse('the number of an epoch is 1 or a higher whole number');
  const ids = context.qkd.map(({ keyId }) => keyId);
  if (!ids.every(isUuid) || new Set(ids).size !== ids.length)
    refuse('each QKD key has a UUID in lower case of its own');
  for (const { provenance } of context.qkd) {
    const bytes = new TextEncoder().encode(provenance).length;
    if (bytes < 1 || bytes > 255) refuse('the provenance of a QKD key is a text of 1 to 255 bytes');
  }
  const { kem, ecdh, transcripts, removed, policyHash, agreementHash } = context;
  if (kem) {
    checkPublic('the ML-KEM public key', kem.publicKey, KEM_PUBLIC_KEY_BYTES);
    checkPublic('the ML-KEM ciphertext', kem.ciphertext, KEM_CIPHERTEXT_BYTES);
  }
  if (ecdh) {
    checkPublic('the point of the initiator', ecdh.initiator, POINT_BYTES);
    checkPublic('the point of the responder', ecdh.responder, POINT_BYTES);
  }
  checkPublic('the policy hash', policyHash, DIGEST_BYTES);
  checkPublic('the hash of the agreement', agreementHash, 64);
  for (const { consentHash } of removed) checkPublic('the hash of a consent', consentHash, DIGEST_BYTES);
  for (const hash of [transcripts.initiator, transcripts.responder]) {
    if (hash.length !== DIGEST_BYTES) refuse(`the hash of a transcript must have ${DIGEST_BYTES} bytes`);
  }
}

function checkPublic(what: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length || isZero(bytes)) refuse(`${what} must have ${length} bytes that are not all zeros`);
}

/** Refuses a secret that is shorter or longer than it may be, or all zeros. */
export function checkSecret(what: string, secret: SecretBytes, shortest: number, longest = Infinity): void {
  if (secret.length < shortest || secret.length > longest) {
    const range = shortest === longest ? `${shortest}` : `at least ${shortest}`;
    refuse(`the secret ${what} must have ${range} bytes, not ${secret.length}`);
  }
  if (secret.open(isZero)) refuse(`the secret ${what} is all zeros: whatever should have filled it did not`);
}

/** In time that depends on the length alone. */
function isZero(bytes: Uint8Array): boolean {
  return bytes.reduce((all, byte) => all | byte, 0) === 0;
}

function refuse(why: string): never {
  throw new HotlineError('hotline/bad-argument', `no keys can be made for an epoch: ${why}`);
}
