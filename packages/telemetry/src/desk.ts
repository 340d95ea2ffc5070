/**
 * What a desk tells its own page, and nobody else: it contains words. Event `desk` of the desk's stream and the body of
 * `GET /api/state` are a `DeskState`; events `message`, `file` and `call` carry one changed `DeskMessage`, `DeskFile` or
 * `DeskCall`. Times are
 * of the desk's own clock, ms of UTC: people live in it, also where the mission's clock runs faster.
 */
export interface DeskState {
  readonly siteId: string;
  readonly name: string;
  readonly peerName: string;
  readonly line: DeskLine;
  readonly safety: DeskSafety;
  readonly reserve: DeskReserve;
  /** What may be done now; a missing permission comes with the sentence that says what would give it. */
  readonly may: DeskPermissions;
  /** Voice by one-time pad. */
  readonly padSpeech: DeskPadSpeech;
  /** On the record: both desks sign what was said. Off: nobody can prove it to a third. */
  readonly record: DeskRecord;
  /** What is left of the pad for words while the line is shut; null while there is none. */
  readonly emergency: DeskEmergency | null;
  /** Days after which history and files are overwritten; null keeps them. */
  readonly retentionDays: number | null;
  /** The store was put back from a copy, and no operator has looked through what it does not know (`POST /api/noted`). */
  readonly restored: boolean;
  readonly call: DeskCall | null;
  readonly files: readonly DeskFile[];
  /** The newest 100, oldest first; earlier ones by `GET /api/messages?before=ID`. */
  readonly messages: readonly DeskMessage[];
  readonly utcMs: number;
}

export interface DeskPadSpeech {
  /** What the policy allows on a day (UTC); 0 allows none. */
  readonly minutesPerDay: number;
  /** What is left of it, or of the pools if that is less. */
  readonly leftMs: number;
}

export interface DeskEmergency {
  /** Texts that this desk can still send by it, and receive. */
  readonly texts: number;
  readonly incoming: number;
  /** UTF-8 bytes of one text and its author's name together. */
  readonly bytes: number;
  /** Who says that nobody else has the pad: a courier, or an assumption. */
  readonly provenance: string;
  readonly may: Permission;
}

export interface DeskRecord {
  readonly on: boolean;
  readonly peerWants: boolean;
  /** The first so many texts on the record are signed by both, as this desk knew at that time; null before. */
  readonly signed: { readonly texts: number; readonly utcMs: number } | null;
  /** Texts on the record after those. */
  readonly unsigned: number;
  /** Why a signature of the other desk was refused; null as a rule. */
  readonly fault: string | null;
}

/**
 * `green`: key for more than a day. `amber`: less, so one-time pads are kept for texts. `red`: no fresh key; only what the
 * policy allows without it. `black`: an alarm; nothing but the emergency pad leaves until two persons on each side reopen it.
 */
export type LineLevel = 'green' | 'amber' | 'red' | 'black';

export interface DeskLine {
  /** The worse of the two sides' levels; both desks show the same. */
  readonly level: LineLevel;
  /** A sentence for people: what, why, how to go on. */
  readonly reason: string;
  readonly sinceUtcMs: number;
  /** The peer answers. While it does not, `reason` says since when. */
  readonly peerReachable: boolean;
  /** Stays until its cause is gone ("computational only since …", "this store was restored from a copy"). */
  readonly banners: readonly string[];
  readonly alarm: DeskAlarm | null;
}

export interface DeskAlarm {
  readonly id: string;
  /** Jamming is never called tapping (threats reference, B9). */
  readonly class: 'tap' | 'jam' | 'fault' | 'time' | 'source-gate' | 'kms' | 'operator';
  readonly foundBy: string;
  readonly link: string;
  readonly reason: string;
  readonly utcMs: number;
  /** Persons who said "open it again", by side; two on each are needed. */
  readonly approvals: { readonly own: readonly string[]; readonly peer: readonly string[] };
  readonly needed: number;
}

/** What protects the words that are sent now, for people who want to know. */
export interface DeskSafety {
  /** Six words to read aloud to each other; null before the first agreement. */
  readonly phrase: string | null;
  /** Secrets that are in the keys now. */
  readonly inputs: { readonly qkd: boolean; readonly kem: boolean; readonly ecdh: boolean; readonly courier: boolean };
  readonly renewedUtcMs: number | null;
  readonly qkdKeyIds: readonly string[];
  /** Where the key came from ("direct", "via micius", …). */
  readonly provenance: readonly string[];
}

/** Key in stock for this desk to send with, above the authentication reserve. */
export interface DeskReserve {
  readonly keyBits: number;
  readonly hours: number;
  /** Texts of 250 bytes by one-time pad. */
  readonly padMessages: number;
  /** Minutes of speech, keys renewed once a minute. */
  readonly speechMinutes: number;
  /** Minutes of speech by one-time pad (32 kbit/s each way). */
  readonly padSpeechMinutes: number;
}

export interface DeskPermissions {
  readonly text: Permission;
  readonly sealedText: Permission;
  readonly file: Permission;
  readonly call: Permission;
  /** A call whose voice goes by one-time pad. */
  readonly sealedSpeech: Permission;
}

export interface Permission {
  readonly allowed: boolean;
  /** Why not, and what would allow it; empty when allowed. */
  readonly reason: string;
}

/** How a text is sealed: by one-time pad inside the renewed keys, or by renewed keys alone. */
export type Sealing = 'sealed' | 'hybrid';

export interface DeskMessage {
  readonly id: string;
  readonly direction: 'sent' | 'received';
  /** Number on its way: 1, 2, 3 … per direction. */
  readonly number: number;
  readonly text: string;
  readonly utcMs: number;
  /** `waiting`: kept here until the line lets it go. `sent`: on its way. `delivered`: the other desk keeps it. `refused`: it never left, with the reason. */
  readonly state: 'waiting' | 'sent' | 'delivered' | 'refused';
  readonly reason: string | null;
  readonly sealing: Sealing;
  /** Ids of the keys of its one-time pad; never the keys. */
  readonly keyIds: readonly string[];
  readonly onRecord: boolean;
  /** Numbers before this one that never arrived; 0 as a rule. */
  readonly missed: number;
  /** Who wrote it at its site. */
  readonly author: string;
  /** First bytes of what crossed the network, hexadecimal, for show. */
  readonly ciphertextPreview: string;
  /** By the emergency pad, while the line was shut. */
  readonly emergency?: true;
}

export interface DeskFile {
  readonly id: string;
  readonly direction: 'sent' | 'received';
  readonly name: string;
  readonly bytes: number;
  readonly doneBytes: number;
  readonly utcMs: number;
  /** `changed`: the file was altered while it was sent; nothing of it was delivered. */
  readonly state: 'offered' | 'running' | 'paused' | 'done' | 'refused' | 'changed' | 'cancelled';
  readonly reason: string | null;
  /** SHA-256, hexadecimal, once it is known. */
  readonly sha256: string | null;
}

export interface DeskCall {
  readonly id: string;
  readonly direction: 'outgoing' | 'incoming';
  readonly kind: 'voice' | 'video';
  /** `sealed`: voice by one-time pad; the call ends, with the reason, when there is no more of it. */
  readonly sealing: Sealing;
  readonly state: 'ringing' | 'connecting' | 'running' | 'reconnecting' | 'ended';
  readonly reason: string | null;
  readonly startedUtcMs: number | null;
  /** Seconds after which the keys in use are renewed. */
  readonly rekeySeconds: number;
}

/** What a person may do at a desk. `speaker`: write and speak. `operator`: also enrol and settle policy. `approver`: also reopen after an alarm. */
export type DeskRole = 'speaker' | 'operator' | 'approver';

/** Body of `GET /api/me`. */
export interface DeskPerson {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly DeskRole[];
}
