/**
 * The way in for a terminal: an Ed25519 key (RFC 8032) of the machine, its public half kept at the site. What is signed names
 * the purpose and the desk's origin, so that an answer for one desk, or for enrolment, is none for another.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { SecretBytes } from '@skykey/bits';
import { contextOf } from '../store/seal.ts';
import { tokenHash } from './token.ts';

/** RFC 8410: what is before the 32 bytes of a private key in PKCS #8, and of a public key in SubjectPublicKeyInfo. */
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const PUBLIC_BYTES = 32;

export type Purpose = 'enrolment' | 'sign-in';

/** What a terminal sends instead of a passkey's answer; bytes in base64url. */
export interface DeviceAnswer {
  readonly publicKey: string;
  readonly challenge: string;
  readonly signature: string;
}

export interface Device {
  /** The seed, 32 bytes: to be kept where only its owner reads. */
  readonly privateKey: SecretBytes;
  readonly publicKey: string;
}

export function makeDevice(): Device {
  const { privateKey } = generateKeyPairSync('ed25519');
  const der = privateKey.export({ format: 'der', type: 'pkcs8' });
  const seed = SecretBytes.adopt(new Uint8Array(der.subarray(PRIVATE_PREFIX.length)));
  der.fill(0);
  return deviceOf(seed);
}

/** A device out of its seed. */
export function deviceOf(privateKey: SecretBytes): Device {
  const whole = createPublicKey(privateKeyOf(privateKey)).export({ format: 'der', type: 'spki' });
  return { privateKey, publicKey: whole.subarray(PUBLIC_PREFIX.length).toString('base64url') };
}

/** The answer of this device to a challenge (base64url) of the desk at `origin`. */
export function answerOf(device: Device, purpose: Purpose, origin: string, challenge: string): DeviceAnswer {
  const { publicKey } = device;
  const signature = sign(null, signedWords(purpose, origin, challenge, publicKey), privateKeyOf(device.privateKey));
  return { publicKey, challenge, signature: signature.toString('base64url') };
}

export function isAnswerOf(answer: DeviceAnswer, purpose: Purpose, origin: string): boolean {
  const key = Buffer.from(answer.publicKey, 'base64url');
  if (key.length !== PUBLIC_BYTES || key.toString('base64url') !== answer.publicKey) return false;
  const publicKey = createPublicKey({ key: Buffer.concat([PUBLIC_PREFIX, key]), format: 'der', type: 'spki' });
  const words = signedWords(purpose, origin, answer.challenge, answer.publicKey);
  return verify(null, words, publicKey, Buffer.from(answer.signature, 'base64url'));
}

/** The id under which a site keeps it. */
export const deviceId = (publicKey: string): string => tokenHash(`device ${publicKey}`);

const signedWords = (purpose: Purpose, origin: string, challenge: string, publicKey: string): Uint8Array =>
  contextOf('skykey desk device 1', purpose, origin, challenge, publicKey);

function privateKeyOf(seed: SecretBytes): KeyObject {
  return seed.open((bytes) => {
    const der = Buffer.concat([PRIVATE_PREFIX, bytes]);
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    der.fill(0);
    return key;
  });
}
