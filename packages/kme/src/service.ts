import type { SecretBytes } from '@skykey/bits';

/**
 * What every interface of a key management entity asks of its core: keys that two or more applications share. ETSI GS QKD
 * 014, 004, 020 and SKIP are languages in which this is asked; none of them knows how keys are kept, relayed or agreed.
 */
export interface KeyService {
  /** The KME that answers. */
  readonly kmeId: string;

  /**
   * Keys of `bytes` bytes for `master` (an SAE of this site) and every SAE of `slaves`, each with a random id that was
   * never used. All of them or none. When it resolves, each slave's KME holds its copy durably, and the copies of the
   * master are gone here: whoever loses the answer has lost the keys.
   * Rejects with KeyRefusal.
   */
  getKeys(request: KeyDemand): Promise<DeliveredKey[]>;

  /**
   * The caller's copies of keys that another SAE got, or that were assigned to both, in the order asked, all or none.
   * `master` names the SAE that the caller believes it shares them with; undefined when the interface does not tell it
   * (SKIP does by system id, 004 by stream). Rejects with KeyRefusal: `unauthorized` when the caller was not named for
   * any of them, `not-found` when one cannot be delivered (unknown, delivered before, void, expired).
   */
  getKeysWithIds(request: {
    readonly caller: string;
    readonly master?: string;
    readonly keyIds: readonly string[];
  }): Promise<DeliveredKey[]>;

  /**
   * Sets keys aside under ids that the caller of this method chose, without handing them out: every SAE named, the master
   * too, fetches its copy by `getKeysWithIds`. For key streams. Ids must be UUIDs, lower case, never used before.
   */
  assignKeys(request: KeyDemand & { readonly keyIds: readonly string[] }): Promise<void>;

  /** Burns keys at every end; those delivered already and those unknown are passed over. Returns how many were burned here. */
  voidKeys(keyIds: readonly string[]): Promise<number>;

  /** Throws KeyRefusal `unauthorized` or `unknown-sae` unless the caller, an SAE of this site, may share keys with the other. */
  mayShare(caller: string, other: string): void;

  /** How things stand between two SAEs, for keys of `bytes` bytes (32 unless told). Rejects with KeyRefusal `unauthorized` or `unknown-sae`. */
  stock(master: string, slave: string, bytes?: number): Promise<PairStock>;
}

/** What a caller may demand of the way its keys came; policy is always applied besides. */
export interface RouteDemand {
  /** `direct`: no node but the two ends has ever held the key. */
  readonly routeType?: 'direct' | 'relayed';
  /** Made at most so long ago, milliseconds. */
  readonly maxAgeMs?: number;
  /** Node-disjoint paths over which it was shared at least. */
  readonly minPaths?: number;
}

export interface KeyDemand {
  readonly master: string;
  /** One or more. */
  readonly slaves: readonly string[];
  readonly count: number;
  readonly bytes: number;
  readonly demand?: RouteDemand;
}

export interface DeliveredKey {
  readonly keyId: string;
  /** Owned by the caller, who wipes it. */
  readonly key: SecretBytes;
  readonly labels: KeyLabels;
}

/** Where a key comes from, as told to applications and decided upon by policy. */
export interface KeyLabels {
  /** Quantum links that its secrecy rests on. */
  readonly originLinks: readonly string[];
  /** Every way it took, end points included; k ways: any k - 1 of their nodes together know nothing of it. */
  readonly routes: readonly (readonly string[])[];
  /** Where those nodes stand: ISO 3166-1 alpha-2, `ORBIT` for satellites; empty when not configured. */
  readonly jurisdictions: readonly string[];
  readonly epsSec: number;
  readonly epsCor: number;
  readonly proof: string;
  /** Whether the photons were simulated: then the secrecy is, too. */
  readonly simulated: boolean;
  readonly createdAtMs: number;
  /** After this it is not delivered any more; null: never by age. */
  readonly expiresAtMs: number | null;
}

export interface PairStock {
  readonly sourceKmeId: string;
  readonly targetKmeId: string;
  /** Bits that can be delivered to this pair now, under its policy. */
  readonly bits: number;
  /** How many keys of so many bytes that makes: fewer than the quotient where key lies in pieces. */
  keysOf(bytes: number): number;
  /** Quantum links under alarm on which key of the pair rests: that key is not delivered, key of other ways is. */
  readonly alarms: readonly { readonly link: string; readonly reason: string }[];
  /** When the next key is expected and how much; null when nothing is planned. */
  readonly forecast: KeyForecast | null;
}

export interface KeyForecast {
  readonly readyAtMs: number;
  /** 5 %, 50 % and 95 % of the bits expected then. */
  readonly bits: readonly [number, number, number];
}

/** Why no key is given. `code` decides the answer in each interface. */
export type RefusalCode =
  /** The caller, or the pair, may not. */
  | 'unauthorized'
  /** An SAE that is not in the network. */
  | 'unknown-sae'
  | 'not-found'
  /** The demand makes no sense: sizes, counts, ids. */
  | 'argument'
  /** The way that is demanded cannot be had for this pair by policy or topology. */
  | 'demand'
  /** Not enough key now. */
  | 'short'
  | 'alarm'
  /** Another KME that is needed does not answer. */
  | 'unreachable'
  | 'quota'
  /** The store or the process. */
  | 'unavailable';

export class KeyRefusal extends Error {
  override readonly name = 'KeyRefusal';
  readonly code: RefusalCode;
  /** When it is worth asking again, seconds; undefined when time does not help. */
  readonly retryAfterS: number | undefined;

  constructor(code: RefusalCode, message: string, retryAfterS?: number) {
    super(message);
    this.code = code;
    this.retryAfterS = retryAfterS;
  }
}

/**
 * Authenticated words between KMEs beyond the keys themselves (an open key stream, a demand for more of it). Each takes
 * effect at most once, and its answer is kept: the same words again get the same answer.
 */
export interface PeerWords {
  /** Rejects with KmeError `kme/unreachable`. `body` at most 32 KiB. */
  tell(kmeId: string, topic: string, body: Uint8Array): Promise<Uint8Array>;
  /** One handler a topic. `saysFor(saeId)`: whether the sender may speak for that SAE. */
  hear(
    topic: string,
    handler: (
      from: { readonly kmeId: string; saysFor(saeId: string): boolean },
      body: Uint8Array,
    ) => Promise<Uint8Array>,
  ): void;
}

/** Small durable documents (the vault's `remember`, `recall`, `recallAll`, `forget`, each its own transaction). */
export interface Notebook {
  remember(name: string, value: unknown): Promise<void>;
  recall(name: string): Promise<unknown>;
  /** Everything whose name begins with `prefix`, by name. */
  recallAll(prefix: string): Promise<{ name: string; value: unknown }[]>;
  forget(name: string): Promise<void>;
}
