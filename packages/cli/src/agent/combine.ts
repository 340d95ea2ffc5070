/**
 * One tunnel key out of three secrets, good as long as one of them is: a key of quantum origin, an ML-KEM-1024 secret
 * (FIPS 203) and an X25519 secret (RFC 7748), through HKDF-SHA-384 (RFC 5869).
 *
 *   IKM  = len ‖ QKD key ‖ len ‖ ML-KEM secret ‖ len ‖ X25519 secret
 *   salt = "skykey-agent/1"
 *   info = len ‖ purpose ‖ len ‖ direction ‖ len ‖ leader's SAE id ‖ len ‖ follower's ‖ n ‖ len ‖ key id … ‖ len ‖ transcript
 *
 * `len` and `n` are 32 bits, most significant byte first, so that no two sets of fields have the same encoding. The
 * transcript is the hash of everything the two said in public (`transcriptOf`).
 */
import { createHash, hkdfSync } from 'node:crypto';
import { SecretBytes } from '@skykey/bits';
import { CliError } from '../error.ts';

/** Bytes of every secret, in and out. */
export const SECRET_BYTES = 32;
const LABEL = Buffer.from('skykey-agent/1');

/** The three secrets. They stay their owner's, who wipes them. */
export interface Secrets {
  readonly qkd: SecretBytes;
  readonly mlKem: SecretBytes;
  readonly x25519: SecretBytes;
}

/** What the two agents said in public, and where. */
export interface Transcript {
  readonly tunnel: 'wireguard' | 'ipsec';
  /** SAE ids. */
  readonly leader: string;
  readonly follower: string;
  readonly keyIds: readonly string[];
  readonly mlKemPublicKey: Uint8Array;
  readonly mlKemCiphertext: Uint8Array;
  readonly leaderPoint: Uint8Array;
  readonly followerPoint: Uint8Array;
  /** Of the TLS connection (RFC 8446, 7.5): words of one connection are worth nothing on another. */
  readonly channel: Uint8Array;
  readonly round: number;
}

/** What both have then. Owned by the caller, who wipes all three. */
export interface Combined {
  readonly tunnelKey: SecretBytes;
  /** Keys of the tags by which each shows that it has the tunnel key. */
  readonly leaderTags: SecretBytes;
  readonly followerTags: SecretBytes;
  readonly transcript: Uint8Array;
}

/** SHA-384 over the public part. */
export function transcriptOf(said: Transcript): Uint8Array {
  const parts = [
    LABEL,
    Buffer.from(said.tunnel),
    said.channel,
    number(said.round),
    Buffer.from(said.leader),
    Buffer.from(said.follower),
    number(said.keyIds.length),
    ...said.keyIds.map((id) => Buffer.from(id)),
    said.mlKemPublicKey,
    said.mlKemCiphertext,
    said.leaderPoint,
    said.followerPoint,
  ];
  return createHash('sha384').update(fields(parts)).digest();
}

/** @throws CliError `agent/exchange` when a secret is missing, of another length, or all zeros: nothing is combined then */
export function combine(secrets: Secrets, said: Transcript): Combined {
  for (const [name, secret] of Object.entries(secrets) as [keyof Secrets, SecretBytes][]) check(name, secret);
  if (said.keyIds.length === 0) throw new CliError('agent/exchange', 'a tunnel key needs the id of at least one key');
  const transcript = transcriptOf(said);
  const input = new Uint8Array(3 * (4 + SECRET_BYTES));
  let at = 0;
  for (const secret of [secrets.qkd, secrets.mlKem, secrets.x25519]) {
    input.set(number(SECRET_BYTES), at);
    secret.open((bytes) => input.set(bytes, at + 4));
    at += 4 + SECRET_BYTES;
  }
  const draw = (purpose: string, direction: string): SecretBytes => {
    const info = fields([
      Buffer.from(purpose),
      Buffer.from(direction),
      Buffer.from(said.leader),
      Buffer.from(said.follower),
      number(said.keyIds.length),
      ...said.keyIds.map((id) => Buffer.from(id)),
      transcript,
    ]);
    return SecretBytes.adopt(new Uint8Array(hkdfSync('sha384', input, LABEL, info, SECRET_BYTES)));
  };
  try {
    return {
      tunnelKey: draw('tunnel key', 'both'),
      leaderTags: draw('confirmation', 'leader to follower'),
      followerTags: draw('confirmation', 'follower to leader'),
      transcript,
    };
  } finally {
    input.fill(0);
  }
}

const NAMES: Record<keyof Secrets, string> = {
  qkd: 'the key from the KME',
  mlKem: 'the ML-KEM secret',
  x25519: 'the X25519 secret',
};

function check(name: keyof Secrets, secret: SecretBytes): void {
  if (secret.length !== SECRET_BYTES) {
    throw new CliError(
      'agent/exchange',
      `${NAMES[name]} has ${secret.length} bytes; it must have ${SECRET_BYTES}, or the tunnel key would rest on less than it claims`,
    );
  }
  const nothing = secret.open((bytes) => bytes.reduce((any, byte) => any | byte, 0) === 0);
  if (nothing) throw new CliError('agent/exchange', `${NAMES[name]} is all zeros, which is no secret`);
}

/** Each part with its length. */
export function fields(parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts.flatMap((part) => [number(part.length), part]));
}

function number(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
