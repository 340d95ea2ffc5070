/** Event `node`: state of one process, whenever it changes and at most ten times a second. */
export type NodeState = SiteState | SatelliteState;

export interface SatelliteState {
  readonly kind: 'satellite';
  readonly nodeId: string;
  readonly name: string;
  readonly links: readonly LinkState[];
  /** Keys relayed as XOR since the beginning. */
  readonly relays: readonly RelayState[];
  readonly journal: readonly JournalEntry[];
}

export interface SiteState {
  readonly kind: 'site';
  readonly nodeId: string;
  /** City: `Beijing`. */
  readonly name: string;
  readonly link: LinkState;
  readonly stock: StockState;
  readonly relays: readonly RelayState[];
  /** Address of the ETSI GS QKD 014 interface. */
  readonly kmeUrl: string;
  readonly kmeId: string;
  readonly journal: readonly JournalEntry[];
}

/** One satellite-to-station link as this party sees it. */
export interface LinkState {
  readonly linkId: string;
  readonly peer: string;
  /** `idle`, `session` while a pass is being distilled, `dropped` after a hard alarm until an operator reopens it. */
  readonly state: 'idle' | 'session' | 'dropped';
  readonly stage: string | null;
  /** Of the running or last session. */
  readonly sessionId: string | null;
  readonly detections: number;
  readonly detectionRateHz: number;
  /** Basis-matched detections a second of mission time, estimated from the monitor sample. */
  readonly siftedRateHz: number;
  /** Sifted signal bits of the running session so far, from the same sample; 0 when none runs. */
  readonly sifted: number;
  /** The live monitor: detections compared in this session, errors among them, and their ratio over the last few
   *  seconds (null below 30). */
  readonly monitored: number;
  readonly monitorErrors: number;
  readonly qber: number | null;
  /** What the monitor is held against (the session's alarm rule): the QBER expected of this link, and the hard limit. */
  readonly expectedQber: number;
  readonly hardQber: number;
  readonly alarms: readonly {
    readonly severity: 'soft' | 'hard';
    readonly kind: string;
    readonly message: string;
    readonly utcMs: number;
  }[];
  /** Finished sessions, newest first, at most ten. */
  readonly sessions: readonly SessionSummary[];
  /** Pads left in the reserve for authentication, tags. */
  readonly authenticationPads: number;
}

/** The waterfall from clicks to secret bits. */
export interface SessionSummary {
  readonly sessionId: string;
  readonly utcMs: number;
  readonly verdict: 'accepted' | 'refused';
  readonly reason: string | null;
  readonly detections: number;
  readonly siftedSignal: number;
  readonly qberSignal: number;
  readonly keySiftedBits: number;
  readonly leakedBits: number;
  readonly efficiency: number;
  readonly authenticationBitsSpent: number;
  readonly secretBits: number;
  readonly proof: string;
}

/** Key in stock at this site, bits. */
export interface StockState {
  /** From the satellite, not yet relayed to the other site. */
  readonly linkBits: number;
  /** Shared with the other site, deliverable now by this site's key manager. */
  readonly sendBits: number;
  /** Shared with the other site, the other side's half. */
  readonly receiveBits: number;
  readonly deliveredKeys: number;
  readonly voidedKeys: number;
  readonly poisonedBits: number;
}

export interface RelayState {
  readonly relayId: string;
  readonly utcMs: number;
  readonly route: readonly string[];
  readonly bits: number;
  readonly state: 'announced' | 'confirmed' | 'poisoned';
}

/** What happened, in words for people. */
export interface JournalEntry {
  readonly utcMs: number;
  readonly severity: 'info' | 'warning' | 'alarm';
  readonly text: string;
}

/** Event `processes`: which processes run. */
export interface ProcessState {
  readonly name: string;
  readonly role: 'sky' | 'satellite' | 'site';
  readonly state: 'starting' | 'running' | 'restarting' | 'stopped';
  readonly restarts: number;
}
