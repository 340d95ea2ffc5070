/** An authenticator in software, with every fault that an attack needs (Web Authentication Level 3, 6). */
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

export type Cbor = number | string | Uint8Array | ReadonlyMap<number | string, Cbor> | readonly Cbor[];

/** RFC 8949, the part that is needed. */
export function cbor(value: Cbor): Buffer {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value]);
  if (value instanceof Map)
    return Buffer.concat([head(5, value.size), ...[...value].flatMap(([key, each]) => [cbor(key), cbor(each)])]);
  const list = value as readonly Cbor[];
  return Buffer.concat([head(4, list.length), ...list.map(cbor)]);
}

function head(major: number, value: number): Buffer {
  if (value < 24) return Buffer.of((major << 5) | value);
  if (value < 256) return Buffer.of((major << 5) | 24, value);
  return Buffer.of((major << 5) | 25, value >> 8, value & 255);
}

export type Algorithm = 'ES256' | 'EdDSA' | 'RS256' | 'ES384';

interface Made {
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: Buffer;
  readonly hash: string | null;
  readonly rpId: string;
  userHandle: string;
  counter: number;
}

/** What an attack changes of an answer. */
export interface Faults {
  readonly origin?: string;
  readonly rpId?: string;
  readonly challenge?: string;
  readonly type?: string;
  readonly crossOrigin?: boolean;
  readonly userVerified?: boolean;
  readonly userPresent?: boolean;
  readonly counter?: number;
  readonly userHandle?: string | undefined;
  /** Bit of the signature that is flipped. */
  readonly flip?: number;
  /** Format and statement of an attestation of what was signed (8). */
  readonly attestation?: (
    signed: Buffer,
    key: KeyObject,
  ) => readonly [fmt: string, statement: ReadonlyMap<string, Cbor>];
}

interface CreationOptions {
  readonly challenge: string;
  readonly rp: { readonly id: string };
  readonly user: { readonly id: string };
}

export class Authenticator {
  readonly algorithm: Algorithm;
  /** As a browser reports it. */
  readonly origin: string;
  /** One that does not count says 0 for ever. */
  readonly counts: boolean;
  made: Made | undefined;

  constructor(origin: string, algorithm: Algorithm = 'ES256', { counts = true } = {}) {
    this.origin = origin;
    this.algorithm = algorithm;
    this.counts = counts;
  }

  /** A second one with everything of this one: what a thief has. */
  cloned(): Authenticator {
    const clone = new Authenticator(this.origin, this.algorithm, this);
    clone.made = { ...this.made! };
    return clone;
  }

  create(options: object, faults: Faults = {}): object {
    const { challenge, rp, user } = options as CreationOptions;
    this.made = {
      ...newKey(this.algorithm),
      id: randomBytes(16).toString('base64url'),
      rpId: rp.id,
      userHandle: user.id,
      counter: 0,
    };
    const id = Buffer.from(this.made.id, 'base64url');
    const attested = Buffer.concat([Buffer.alloc(16), Buffer.of(0, id.length), id, this.made.publicKey]);
    const authData = this.#data({ ...faults }, attested);
    const clientDataJSON = this.#clientData('webauthn.create', challenge, faults);
    const signed = Buffer.concat([authData, sha256(Buffer.from(clientDataJSON, 'base64url'))]);
    const [fmt, statement] = faults.attestation?.(signed, this.made.privateKey) ?? ['none', new Map<string, Cbor>()];
    const object = cbor(
      new Map<string, Cbor>([
        ['fmt', fmt],
        ['attStmt', statement],
        ['authData', authData],
      ]),
    );
    return this.#answer({ clientDataJSON, attestationObject: object.toString('base64url'), transports: ['internal'] });
  }

  get(options: object, faults: Faults = {}): object {
    const { challenge } = options as { challenge: string };
    const made = this.made!;
    if (this.counts && faults.counter === undefined) made.counter++;
    const authData = this.#data(faults);
    const clientDataJSON = this.#clientData('webauthn.get', challenge, faults);
    const signed = Buffer.concat([authData, sha256(Buffer.from(clientDataJSON, 'base64url'))]);
    const signature = sign(made.hash, signed, made.privateKey);
    if (faults.flip !== undefined) signature[signature.length - 1]! ^= 1 << faults.flip;
    return this.#answer({
      clientDataJSON,
      authenticatorData: authData.toString('base64url'),
      signature: signature.toString('base64url'),
      userHandle: 'userHandle' in faults ? faults.userHandle : made.userHandle,
    });
  }

  #data({ rpId, userPresent = true, userVerified = true, counter }: Faults, attested?: Buffer): Buffer {
    const flags = (userPresent ? 1 : 0) | (userVerified ? 4 : 0) | (attested ? 64 : 0);
    const count = Buffer.alloc(4);
    count.writeUInt32BE(counter ?? this.made!.counter);
    return Buffer.concat([sha256(rpId ?? this.made!.rpId), Buffer.of(flags), count, attested ?? Buffer.alloc(0)]);
  }

  #clientData(type: string, challenge: string, faults: Faults): string {
    const { crossOrigin = false } = faults;
    const data = {
      type: faults.type ?? type,
      challenge: faults.challenge ?? challenge,
      origin: faults.origin ?? this.origin,
      crossOrigin,
    };
    return Buffer.from(JSON.stringify(data)).toString('base64url');
  }

  #answer(response: object): object {
    const { id } = this.made!;
    return { id, rawId: id, type: 'public-key', response, clientExtensionResults: {} };
  }
}

function newKey(algorithm: Algorithm): Pick<Made, 'privateKey' | 'publicKey' | 'hash'> {
  const bytes = (text: string | undefined): Buffer => Buffer.from(text!, 'base64url');
  if (algorithm === 'EdDSA') {
    const { privateKey } = generateKeyPairSync('ed25519');
    const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
    return {
      privateKey,
      hash: null,
      publicKey: cbor(
        new Map<number, Cbor>([
          [1, 1],
          [3, -8],
          [-1, 6],
          [-2, bytes(x)],
        ]),
      ),
    };
  }
  if (algorithm === 'RS256') {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const { n, e } = createPublicKey(privateKey).export({ format: 'jwk' });
    const publicKey = cbor(
      new Map<number, Cbor>([
        [1, 3],
        [3, -257],
        [-1, bytes(n)],
        [-2, bytes(e)],
      ]),
    );
    return { privateKey, hash: 'sha256', publicKey };
  }
  const [namedCurve, hash, alg, crv] =
    algorithm === 'ES256' ? (['P-256', 'sha256', -7, 1] as const) : (['P-384', 'sha384', -35, 2] as const);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve });
  const { x, y } = createPublicKey(privateKey).export({ format: 'jwk' });
  const publicKey = cbor(
    new Map<number, Cbor>([
      [1, 2],
      [3, alg],
      [-1, crv],
      [-2, bytes(x)],
      [-3, bytes(y)],
    ]),
  );
  return { privateKey, hash, publicKey };
}

const sha256 = (bytes: string | Uint8Array): Buffer => createHash('sha256').update(bytes).digest();
