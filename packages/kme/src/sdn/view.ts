/** What a network looks like from one node, in Skykey's own words: the input of the ETSI GS QKD 015 model. */
export interface NetworkView {
  readonly node: NodeView;
  readonly interfaces: readonly InterfaceView[];
  readonly links: readonly LinkView[];
  readonly virtualLinks: readonly VirtualLinkView[];
  readonly applications: readonly ApplicationView[];
}

export interface NodeView {
  /** Any name; it becomes a UUID (`uuidOf`). */
  readonly id: string;
  readonly state: 'new' | 'operating' | 'down' | 'failure' | 'out';
  readonly version: string;
  /** Where it stands, for people. */
  readonly location: string;
}

/** A quantum device. */
export interface InterfaceView {
  /** Unique in this node, unsigned 32 bits. */
  readonly number: number;
  readonly state: 'enabled' | 'disabled' | 'failed';
  /** Why, when it is not enabled. */
  readonly reason?: string;
  readonly model: string;
  readonly technology: 'CV-QKD' | 'DV-QKD' | 'DV-QKD-COW' | 'DV-QKD-2Ws';
  readonly role: 'transmitter' | 'receiver' | 'transceiver';
  readonly wavelengthNm?: number;
  readonly maxLossDb?: number;
  /** The optical switch or terminal that it is connected to. */
  readonly device?: string;
  readonly port?: number;
}

interface CommonLink {
  readonly id: string;
  /** The node at the far end. */
  readonly remote: string;
  /**
   * `active` makes key · `passive` does not, but has some · `pending` waits for its first · `off` has none and makes
   * none. Under alarm a link is off, whatever else it would be.
   */
  readonly state: 'active' | 'passive' | 'pending' | 'off';
  /** An eavesdropper's trace, or another reason for which nothing of it is delivered. */
  readonly alarm?: { readonly reason: string };
  /** Why it is off, when there is no alarm. */
  readonly reason?: string;
  /** Secret key that it makes, and what is left of it after the network's own consumption, bits a second. */
  readonly keyRateBps: number;
  readonly effectiveRateBps: number;
  /** What its applications are expected to take, bits a second. */
  readonly consumptionBps: number;
}

/** A link with a quantum channel of its own. */
export interface LinkView extends CommonLink {
  /** Whether an operator lets it run. */
  readonly enabled: boolean;
  readonly interface: number;
  readonly remoteInterface?: number;
  readonly lossDb?: number;
  readonly wavelengthNm?: number;
  readonly role?: InterfaceView['role'];
  /** From 0 to 1. */
  readonly qber?: number;
  readonly snrDb?: number;
}

/** Key shared with a node through nodes between. */
export interface VirtualLinkView extends CommonLink {
  /** The node before this one on the way, when this one is between. */
  readonly previousHop?: string;
  readonly nextHops: readonly string[];
  readonly bandwidthBps?: number;
}

/** Applications that share keys. */
export interface ApplicationView {
  readonly id: string;
  /** `internal`: the network's own, to relay or authenticate. */
  readonly kind: 'client' | 'internal';
  readonly state: 'on' | 'disconnected' | 'out-of-time' | 'zombie';
  /** The SAE that asked first, and the others. */
  readonly server: string;
  readonly clients: readonly string[];
  readonly remote?: string;
  /** Ids of links whose key it gets. */
  readonly links: readonly string[];
  readonly priority: number;
  readonly createdAtMs: number;
  readonly expiresAtMs?: number;
  readonly quality: {
    readonly maxBandwidthBps?: number;
    readonly minBandwidthBps?: number;
    readonly jitterMs?: number;
    readonly ttlS?: number;
    /** Whether several clients may share a path, and must get the same keys. */
    readonly sharedPath?: boolean;
    readonly sharedKeys?: boolean;
  };
  /** What was consumed in periods that are over, bits. */
  readonly statistics: readonly { readonly fromMs: number; readonly toMs: number; readonly consumedBits: number }[];
}
