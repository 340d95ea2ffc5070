import { KmeError } from '../error.ts';

/** A secure application entity and the KME of its site. */
export interface SaeEntry {
  readonly saeId: string;
  readonly kmeId: string;
}

/** A key management entity and the site that it serves; there is one for each site. */
export interface KmeEntry {
  readonly kmeId: string;
  readonly siteId: string;
}

/** At most 64 characters of RFC 3986 (ETSI GS QKD 020 has the same rule): one identity everywhere. */
const SAE_ID = /^[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]{1,64}$/;

/** Who exists in the network, and where. Who may share keys with whom is for the policy. */
export class Registry {
  readonly siteId: string;
  readonly kmeId: string;
  readonly #kmeOf = new Map<string, string>();
  readonly #siteOf = new Map<string, string>();
  readonly #kmeOfSite = new Map<string, string>();

  /** Throws KmeError `kme/argument` for an id that is malformed, listed twice, or refers to a KME that is not listed. */
  constructor(options: {
    readonly kmeId: string;
    readonly kmes: readonly KmeEntry[];
    readonly saes: readonly SaeEntry[];
  }) {
    for (const { kmeId, siteId } of options.kmes) {
      if (this.#siteOf.has(kmeId)) throw new KmeError('kme/argument', `the KME ${kmeId} is listed twice`);
      if (this.#kmeOfSite.has(siteId))
        throw new KmeError('kme/argument', `the site ${siteId} has two KMEs: one serves a site`);
      this.#siteOf.set(kmeId, siteId);
      this.#kmeOfSite.set(siteId, kmeId);
    }
    for (const { saeId, kmeId } of options.saes) {
      if (!SAE_ID.test(saeId)) {
        throw new KmeError(
          'kme/argument',
          `an SAE ID has 1 to 64 characters of RFC 3986, not ${JSON.stringify(saeId)}`,
        );
      }
      if (this.#kmeOf.has(saeId)) throw new KmeError('kme/argument', `the SAE ID ${saeId} is listed twice`);
      if (!this.#siteOf.has(kmeId)) {
        throw new KmeError('kme/argument', `the SAE ${saeId} belongs to the KME ${kmeId}, which is not listed`);
      }
      this.#kmeOf.set(saeId, kmeId);
    }
    const siteId = this.#siteOf.get(options.kmeId);
    if (siteId === undefined) throw new KmeError('kme/argument', `this KME, ${options.kmeId}, is not listed itself`);
    this.kmeId = options.kmeId;
    this.siteId = siteId;
  }

  isLocal(saeId: string): boolean {
    return this.#kmeOf.get(saeId) === this.kmeId;
  }

  isKnown(saeId: string): boolean {
    return this.#kmeOf.has(saeId);
  }

  kmeOf(saeId: string): string | undefined {
    return this.#kmeOf.get(saeId);
  }

  /** Site whose KME serves the SAE. */
  siteOf(saeId: string): string | undefined {
    return this.#siteOf.get(this.#kmeOf.get(saeId) ?? '');
  }

  siteOfKme(kmeId: string): string | undefined {
    return this.#siteOf.get(kmeId);
  }

  kmeOfSite(siteId: string): string | undefined {
    return this.#kmeOfSite.get(siteId);
  }
}
