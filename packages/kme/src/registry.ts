import { KmeError } from './error.ts';

/** A secure application entity and the KME of its site. */
export interface SaeEntry {
  readonly saeId: string;
  readonly kmeId: string;
}

/** Two applications that may share keys: one of this site, one of the peer's. */
export interface SaePair {
  readonly local: string;
  readonly remote: string;
}

/** At most 64 characters of RFC 3986 (ETSI GS QKD 020 has the same rule): one identity everywhere. */
const SAE_ID = /^[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]{1,64}$/;

/** Who exists in the network, and who may share keys with whom. */
export class Registry {
  readonly #kmeOf = new Map<string, string>();
  readonly #pairs = new Set<string>();
  readonly #kmeId: string;

  /** Throws KmeError `kme/argument` for an id that is malformed or listed twice, or a pair that does not join the two sites. */
  constructor(options: {
    readonly kmeId: string;
    readonly peerKmeId: string;
    readonly saes: readonly SaeEntry[];
    readonly pairs: readonly SaePair[];
  }) {
    this.#kmeId = options.kmeId;
    for (const { saeId, kmeId } of options.saes) {
      if (!SAE_ID.test(saeId)) {
        throw new KmeError(
          'kme/argument',
          `an SAE ID has 1 to 64 characters of RFC 3986, not ${JSON.stringify(saeId)}`,
        );
      }
      if (this.#kmeOf.has(saeId)) throw new KmeError('kme/argument', `the SAE ID ${saeId} is listed twice`);
      this.#kmeOf.set(saeId, kmeId);
    }
    for (const { local, remote } of options.pairs) {
      if (this.#kmeOf.get(local) !== options.kmeId || this.#kmeOf.get(remote) !== options.peerKmeId) {
        throw new KmeError(
          'kme/argument',
          `the pair ${local}, ${remote} must join an SAE of ${options.kmeId} and one of ${options.peerKmeId}`,
        );
      }
      this.#pairs.add(JSON.stringify([local, remote]));
    }
  }

  isLocal(saeId: string): boolean {
    return this.#kmeOf.get(saeId) === this.#kmeId;
  }

  isKnown(saeId: string): boolean {
    return this.#kmeOf.has(saeId);
  }

  kmeOf(saeId: string): string | undefined {
    return this.#kmeOf.get(saeId);
  }

  mayShare(local: string, remote: string): boolean {
    return this.#pairs.has(JSON.stringify([local, remote]));
  }
}
