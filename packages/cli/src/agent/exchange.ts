/**
 * How two agents come to one key: the leader proposes a key id and fresh public keys, the follower answers with its own,
 * and each shows by tags over all that was said that it has the same key, before either touches its tunnel.
 *
 *   leader                                              follower
 *   propose  key ids, ML-KEM public key, X25519 point  →
 *            ←  accept     ML-KEM ciphertext, X25519 point, tag
 *   confirm  tag                                       →      now the follower holds the key ready
 *            ←  installed  tag                                now the leader, and makes it the key in use
 *   live     evidence, tag                             →      the follower looks for itself
 *            ←  works      tag                                both take the old key away
 *
 * Tags are under keys that come out of the combiner, so that not even somebody with a stolen certificate can answer for a
 * party without its key from the KME.
 */

import * as crypto from 'node:crypto';
import {
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto';
import { SecretBytes } from '@skykey/bits';
import { CliError } from '../error.ts';
import { type Combined, combine, fields, type Transcript } from './combine.ts';

/** Node 24.7 has it; its types come later. */
const kem = crypto as unknown as {
  encapsulate(key: KeyObject): { sharedKey: Buffer; ciphertext: Buffer };
  decapsulate(key: KeyObject, ciphertext: Uint8Array): Buffer;
};

export type Step = 'accept' | 'confirm' | 'installed' | 'live' | 'works';
const STEPS_OF_LEADER: readonly Step[] = ['confirm', 'live'];

/** Where and between whom. */
export type Setting = Pick<Transcript, 'tunnel' | 'leader' | 'follower' | 'channel' | 'round'>;

export interface Proposal {
  readonly keyIds: readonly string[];
  readonly mlKemPublicKey: Uint8Array;
  readonly point: Uint8Array;
}

export interface Acceptance {
  readonly mlKemCiphertext: Uint8Array;
  readonly point: Uint8Array;
}

/** The leader's half of a round, for one key from the KME. */
export class Offer {
  readonly proposal: Proposal;
  readonly #setting: Setting;
  readonly #qkd: SecretBytes;
  readonly #mlKem: KeyObject;
  readonly #x25519: KeyObject;

  /** Takes `qkd` over. */
  constructor(setting: Setting, key: { readonly keyId: string; readonly qkd: SecretBytes }) {
    const mlKem = generateKeyPairSync('ml-kem-1024');
    const x25519 = generateKeyPairSync('x25519');
    this.#setting = setting;
    this.#qkd = key.qkd;
    this.#mlKem = mlKem.privateKey;
    this.#x25519 = x25519.privateKey;
    this.proposal = {
      keyIds: [key.keyId],
      mlKemPublicKey: spki(mlKem.publicKey),
      point: spki(x25519.publicKey),
    };
  }

  /** @throws CliError `agent/exchange` */
  agree(acceptance: Acceptance): Agreed {
    const { keyIds, mlKemPublicKey, point } = this.proposal;
    const mlKem = attempt('the ML-KEM ciphertext', () => kem.decapsulate(this.#mlKem, acceptance.mlKemCiphertext));
    return agreed(this.#qkd, mlKem, shared(this.#x25519, acceptance.point), {
      ...this.#setting,
      keyIds,
      mlKemPublicKey,
      mlKemCiphertext: acceptance.mlKemCiphertext,
      leaderPoint: point,
      followerPoint: acceptance.point,
    });
  }

  wipe(): void {
    this.#qkd.wipe();
  }
}

/** The follower's half. Takes `qkd` over. @throws CliError `agent/exchange` */
export function accept(
  setting: Setting,
  proposal: Proposal,
  qkd: SecretBytes,
): { acceptance: Acceptance; agreed: Agreed } {
  try {
    const { sharedKey, ciphertext } = attempt('the ML-KEM public key', () =>
      kem.encapsulate(publicKey(proposal.mlKemPublicKey, 'ml-kem-1024')),
    );
    const own = generateKeyPairSync('x25519');
    const acceptance = { mlKemCiphertext: new Uint8Array(ciphertext), point: spki(own.publicKey) };
    const together = agreed(qkd, sharedKey, shared(own.privateKey, proposal.point), {
      ...setting,
      keyIds: proposal.keyIds,
      mlKemPublicKey: proposal.mlKemPublicKey,
      mlKemCiphertext: acceptance.mlKemCiphertext,
      leaderPoint: proposal.point,
      followerPoint: acceptance.point,
    });
    return { acceptance, agreed: together };
  } finally {
    qkd.wipe();
  }
}

/** What both have once all shares are there. */
export class Agreed {
  readonly keyId: string;
  readonly #combined: Combined;

  constructor(keyId: string, combined: Combined) {
    this.keyId = keyId;
    this.#combined = combined;
  }

  /** Lent; wiped with everything else. */
  get tunnelKey(): SecretBytes {
    return this.#combined.tunnelKey;
  }

  /** Shows that whoever says `step`, with `content`, has the key. 48 bytes. */
  tag(step: Step, content: string): Uint8Array {
    const { leaderTags, followerTags, transcript } = this.#combined;
    const key = STEPS_OF_LEADER.includes(step) ? leaderTags : followerTags;
    return key.open((bytes) =>
      createHmac('sha384', bytes)
        .update(fields([transcript, Buffer.from(step), Buffer.from(content)]))
        .digest(),
    );
  }

  /** @throws CliError `agent/exchange` */
  check(step: Step, content: string, tag: Uint8Array): void {
    const right = this.tag(step, content);
    if (tag.length === right.length && timingSafeEqual(tag, right)) return;
    throw new CliError(
      'agent/exchange',
      `the other agent's "${step}" does not fit this round: its key is another one, or somebody stands between`,
    );
  }

  wipe(): void {
    this.#combined.tunnelKey.wipe();
    this.#combined.leaderTags.wipe();
    this.#combined.followerTags.wipe();
  }
}

function agreed(qkd: SecretBytes, mlKem: Uint8Array, x25519: Uint8Array, said: Transcript): Agreed {
  const secrets = { qkd, mlKem: SecretBytes.adopt(mlKem), x25519: SecretBytes.adopt(x25519) };
  try {
    return new Agreed(said.keyIds[0]!, combine(secrets, said));
  } finally {
    secrets.mlKem.wipe();
    secrets.x25519.wipe();
  }
}

function shared(own: KeyObject, point: Uint8Array): Uint8Array {
  // A point of low order, which would give zeros whatever the private key, is refused by OpenSSL (RFC 7748, 6.1).
  return attempt('the X25519 point', () => diffieHellman({ privateKey: own, publicKey: publicKey(point, 'x25519') }));
}

function spki(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ format: 'der', type: 'spki' }));
}

function publicKey(der: Uint8Array, kind: string): KeyObject {
  const key = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });
  if (key.asymmetricKeyType !== kind) throw new Error(`it is of kind ${key.asymmetricKeyType}`);
  return key;
}

function attempt<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw new CliError('agent/exchange', `${what} of the other agent is not one: ${(cause as Error).message}`, {
      cause,
    });
  }
}
