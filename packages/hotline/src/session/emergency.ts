import { SecretBytes } from '@skykey/bits';
import { Reader, Writer } from '../bytes.ts';
import { HotlineError } from '../error.ts';
import {
  EmergencyPad,
  type EmergencyPlan,
  encodePlan,
  keyIdsOfText,
  type NamedKey,
  readEmergencyFile,
  readPlan,
} from '../sealed/index.ts';
import { directionOf, uuidBytes, uuidText } from '../secret/index.ts';
import type { SessionContext } from './context.ts';
import type { SessionMessage } from './ports.ts';

const PAD = 'session/emergency/pad';
const KEY = 'session/emergency/key';
const STATE = 'session/emergency/state';
const RECORD = 'session/emergency/record';
const MET = 'session/emergency/met';
/** A text is sent again until the other desk says that it has it. */
const FIRST_AGAIN_MS = 1000;
const LONGEST_AGAIN_MS = 60_000;
/** A finger that slips must not cost two texts. */
const APART_MS = 5000;
/** time (8) ‖ length of the author (1) ‖ length of the text (2). */
const MARGIN_BYTES = 11;
const PREVIEW_BYTES = 24;

type Role = 'sender' | 'receiver';
const ROLES = ['sender', 'receiver'] as const;

/** What is left of the pad that a courier brought. */
export interface SessionEmergency {
  /** Texts that this desk can still send. */
  readonly texts: number;
  /** That it can still receive. */
  readonly incoming: number;
  /** UTF-8 bytes of one text and its author's name together. */
  readonly bytes: number;
  /** Who says that nobody else has it. */
  readonly provenance: string;
}

interface Outgoing {
  readonly record: Uint8Array;
  readonly message: SessionMessage;
  atMs: number;
  waitMs: number;
}

/**
 * The few words that may leave while the line is shut. Each text has keys of its own, out of the store with the same commit
 * that writes what was sealed; only then it leaves. A store that was put back may have keys that were used since: its pads
 * are destroyed, not used, and so is a pad file that is found beside it, which may have been taken in before.
 */
export class Emergency {
  readonly #context: SessionContext;
  readonly #confirm: (keyId: string) => void;
  readonly #left: (texts: number) => void;
  readonly #names: ReadonlySet<string>;
  #pads: { readonly [R in Role]: EmergencyPad } | null = null;
  #plans: { readonly [R in Role]: EmergencyPlan } | null = null;
  #provenance = '';
  /** Why the pad that is kept cannot be used. */
  #damage: string | null = null;
  /** By id of their first key. */
  readonly #outgoing = new Map<string, Outgoing>();
  #saidMs: number | null = null;
  /** Texts of the peer before which others are missing, by number. */
  readonly #gaps = new Map<number, SessionMessage>();

  /** `confirm` tells the peer which text has come, `left` hears how many can still be sent; both within a step. */
  constructor(
    context: SessionContext,
    kept: ReadonlyMap<string, Uint8Array>,
    { confirm, left }: { readonly confirm: (keyId: string) => void; readonly left: (texts: number) => void },
  ) {
    this.#context = context;
    this.#confirm = confirm;
    this.#left = left;
    this.#names = new Set([...kept.keys()].filter((name) => name.startsWith('session/emergency/')));
    for (const [name, bytes] of kept) {
      if (name.startsWith(`${RECORD}/`)) this.#outgoing.set(name.slice(RECORD.length + 1), readOutgoing(bytes));
    }
    const pad = kept.get(PAD);
    if (!pad || context.options.restored) return;
    try {
      this.#load(pad, kept);
    } catch (error) {
      if (!(error instanceof HotlineError)) throw error;
      this.#damage = error.message;
    }
  }

  get view(): SessionEmergency | null {
    if (!this.#pads) return null;
    const { sender, receiver } = this.#pads;
    return {
      texts: sender.left,
      incoming: receiver.left,
      bytes: this.#plans!.sender.blockBytes - MARGIN_BYTES,
      provenance: this.#provenance,
    };
  }

  /**
   * Within the first step of a session. `file`: what a courier brought, or null; it is overwritten. False when it cannot be
   * read as a pad of this conversation: then it is to be left where it is, else to be destroyed.
   */
  begin(file: Uint8Array | null): boolean {
    const { options, journal } = this.#context;
    const why = options.restored ? 'this store was put back, and no longer knows what was used' : this.#damage;
    if (why !== null && this.#destroy()) journal(`the emergency pad was destroyed: ${why}`);
    try {
      return file ? this.#take(file) : true;
    } catch (error) {
      if (!(error instanceof HotlineError)) throw error;
      journal(`an emergency pad was brought that cannot be used: ${error.message}`);
      return false;
    } finally {
      file?.fill(0);
      this.#left(this.#pads?.sender.left ?? 0);
    }
  }

  /** Within a step: words of a person. Throws HotlineError with the sentence that is shown. */
  say({ text, author }: { readonly text: string; readonly author: string }): SessionMessage {
    const { ports, steps, may } = this.#context;
    const { emergencyText } = may();
    if (!this.#pads || !emergencyText.allowed) {
      throw new HotlineError('hotline/not-permitted', this.#pads ? emergencyText.reason : NO_PAD);
    }
    const nowMs = ports.nowMs();
    if (this.#saidMs !== null && Math.abs(nowMs - this.#saidMs) < APART_MS) {
      throw new HotlineError(
        'hotline/not-permitted',
        'The last text has only just left. Wait a few seconds: each text uses up a part of the pad.',
      );
    }
    const { number, record, state } = this.#pads.sender.seal({ text, author, sentAtMs: nowMs, salt: null });
    this.#saidMs = nowMs;
    const [keyId] = this.#spend('sender', number, state);
    const message = messageOf('sent', number, keyId!, { text, author, utcMs: nowMs, missed: 0, record });
    this.#outgoing.set(keyId!, { record, message, atMs: nowMs + FIRST_AGAIN_MS, waitMs: FIRST_AGAIN_MS });
    steps.put(`${RECORD}/${keyId}`, writeOutgoing(record, message));
    this.#show(message);
    steps.after(() => ports.post(record));
    return message;
  }

  /** Within a step: an emergency text, from whoever sent it. Throws HotlineError. */
  arrive(bytes: Uint8Array): void {
    if (!this.#pads)
      throw new HotlineError('hotline/not-for-us', 'an emergency text came, and this desk has no pad for it');
    const { number, words, missing, state } = this.#pads.receiver.open(bytes);
    const [keyId] = this.#spend('receiver', number, state);
    const { text, author, sentAtMs: utcMs } = words;
    const message = messageOf('received', number, keyId!, { text, author, utcMs, missed: missing, record: bytes });
    this.#show(message);
    for (const [later, shown] of this.#gaps)
      if (later > number) this.#gap(later, { ...shown, missed: shown.missed - 1 });
    if (missing > 0) this.#gaps.set(number, message);
    this.#confirm(keyId!);
  }

  /** Within a step: the peer keeps the text of this key. */
  confirmed(keyId: string): void {
    const outgoing = this.#outgoing.get(keyId);
    if (!outgoing) return;
    this.#outgoing.delete(keyId);
    this.#context.steps.put(`${RECORD}/${keyId}`, null);
    this.#show({ ...outgoing.message, state: 'delivered' });
  }

  /** Within a step: sends again what the peer has not confirmed. The same bytes: nothing is sealed twice. */
  tick(nowMs: number): void {
    const { steps, ports } = this.#context;
    for (const outgoing of this.#outgoing.values()) {
      // A clock that was set back must not silence it.
      if (nowMs < outgoing.atMs && outgoing.atMs - nowMs <= LONGEST_AGAIN_MS) continue;
      outgoing.waitMs = Math.min(2 * outgoing.waitMs, LONGEST_AGAIN_MS);
      outgoing.atMs = nowMs + outgoing.waitMs;
      steps.after(() => ports.post(outgoing.record));
    }
  }

  wipe(): void {
    for (const role of ROLES) this.#pads?.[role].wipe();
  }

  #take(bytes: Uint8Array): boolean {
    const { options, steps, journal } = this.#context;
    const { conversationId, provenance, pads, id } = readEmergencyFile(bytes);
    if (conversationId !== options.conversationId) {
      for (const { key } of [...pads[1].keys, ...pads[2].keys]) key.wipe();
      throw new HotlineError('hotline/not-for-us', 'it is of another conversation');
    }
    const met = `${MET}/${Buffer.from(id).toString('hex')}`;
    if (options.restored || this.#names.has(met)) {
      for (const { key } of [...pads[1].keys, ...pads[2].keys]) key.wipe();
      if (options.restored) {
        journal(
          'a pad file lay beside a store that was put back: it may have been used, so it is destroyed; once the restore is noted, bring a new one to both desks',
        );
      }
      steps.put(met, new Uint8Array([1]));
      return true;
    }
    this.#destroy();
    const out = directionOf(options.ownId, options.peerId);
    const own = { sender: pads[out], receiver: pads[out === 1 ? 2 : 1] };
    const writer = new Writer().name(provenance);
    for (const role of ROLES) {
      writer.long(encodePlan(own[role].plan));
      for (const { keyId, key } of own[role].keys) key.open((secret) => steps.put(`${KEY}/${keyId}`, secret.slice()));
    }
    steps.put(PAD, writer.finish());
    steps.put(met, new Uint8Array([1]));
    this.#set(provenance, { sender: own.sender.plan, receiver: own.receiver.plan }, (role) => ({
      ...{ keys: own[role].keys, state: null },
    }));
    journal(`an emergency pad was taken in: ${this.#pads!.sender.left} texts each way (${provenance})`);
    return true;
  }

  #load(bytes: Uint8Array, kept: ReadonlyMap<string, Uint8Array>): void {
    const reader = new Reader(bytes, 'the emergency pad');
    const provenance = reader.name();
    const plans = { sender: readPlan(reader.long(bytes.length)), receiver: readPlan(reader.long(bytes.length)) };
    this.#set(provenance, plans, (role) => ({
      keys: plans[role].keyIds.flatMap((keyId): NamedKey[] => {
        const key = kept.get(`${KEY}/${keyId}`);
        return key ? [{ keyId, key: SecretBytes.adopt(key) }] : [];
      }),
      state: kept.get(`${STATE}/${role}`) ?? null,
    }));
  }

  #set(
    provenance: string,
    plans: { readonly [R in Role]: EmergencyPlan },
    of: (role: Role) => { readonly keys: readonly NamedKey[]; readonly state: Uint8Array | null },
  ): void {
    const { ownId, peerId, conversationId } = this.#context.options;
    const pad = (role: Role): EmergencyPad => {
      const [sender, receiver] = role === 'sender' ? [ownId, peerId] : [peerId, ownId];
      const { keys, state } = of(role);
      // The witness of the whole store has spoken: a store that was put back has come no further than `begin`.
      const route = { conversationId, sender, receiver };
      return new EmergencyPad({ route, role, plan: plans[role], keys, state, witnessOffset: 0 });
    };
    this.#pads = { sender: pad('sender'), receiver: pad('receiver') };
    this.#plans = plans;
    this.#provenance = provenance;
  }

  /** Came late, after one with a higher number. */
  #gap(number: number, message: SessionMessage): void {
    if (message.missed === 0) this.#gaps.delete(number);
    else this.#gaps.set(number, message);
    this.#show(message);
  }

  /** The keys of a text leave the store with what they sealed or opened. Returns their ids. */
  #spend(role: Role, number: number, state: Uint8Array): readonly string[] {
    const keyIds = keyIdsOfText(this.#plans![role], number);
    this.#context.steps.put(`${STATE}/${role}`, state);
    for (const keyId of keyIds) this.#context.steps.put(`${KEY}/${keyId}`, null);
    if (role === 'sender') this.#left(this.#pads!.sender.left);
    return keyIds;
  }

  /** Everything of the pad, but not which files were met. */
  #destroy(): boolean {
    const { steps } = this.#context;
    this.wipe();
    let any = false;
    const own = this.#plans ? ROLES.flatMap((role) => this.#plans![role].keyIds.map((keyId) => `${KEY}/${keyId}`)) : [];
    for (const name of [...this.#names, ...own, ...ROLES.map((role) => `${STATE}/${role}`), PAD]) {
      if (name.startsWith(`${MET}/`) || name.startsWith(`${RECORD}/`)) continue;
      any ||= name === PAD && this.#names.has(PAD);
      steps.put(name, null);
    }
    this.#pads = null;
    this.#plans = null;
    return any;
  }

  #show(message: SessionMessage): void {
    const { steps, ports } = this.#context;
    steps.keep(message);
    steps.after(() => ports.tell({ kind: 'message', message }));
  }
}

const NO_PAD =
  'There is no emergency pad here. One is made while the line is open and carried to both desks; speak by another way now.';

function messageOf(
  direction: SessionMessage['direction'],
  number: number,
  keyId: string,
  { record, ...words }: Pick<SessionMessage, 'text' | 'author' | 'utcMs' | 'missed'> & { readonly record: Uint8Array },
): SessionMessage {
  return {
    id: `emergency-${direction}/${keyId}`,
    ...{ direction, number, ...words, sealing: 'sealed', reason: null, onRecord: false, emergency: true },
    state: direction === 'sent' ? 'sent' : 'delivered',
    keyIds: [keyId],
    // What comes after header and key id is ciphertext.
    ciphertextPreview: Buffer.from(record.subarray(45, 45 + PREVIEW_BYTES)).toString('hex'),
  };
}

/** long record ‖ long message in JSON. */
function writeOutgoing(record: Uint8Array, message: SessionMessage): Uint8Array {
  return new Writer()
    .long(record)
    .long(new TextEncoder().encode(JSON.stringify(message)))
    .finish();
}

function readOutgoing(bytes: Uint8Array): Outgoing {
  const reader = new Reader(bytes, 'an emergency text that was kept');
  try {
    const record = reader.long(bytes.length);
    const message = JSON.parse(reader.text(reader.long(bytes.length))) as SessionMessage;
    reader.end();
    return { record, message, atMs: 0, waitMs: FIRST_AGAIN_MS };
  } catch (cause) {
    throw new HotlineError('hotline/store', 'an emergency text that was kept cannot be read; the store is damaged', {
      cause,
    });
  }
}

/** Body of a notice that a text has come: id of its first key (16). */
export function writeConfirmation(keyId: string): Uint8Array {
  return uuidBytes(keyId);
}

/** Throws HotlineError `hotline/malformed`. */
export function readConfirmation(body: Uint8Array): string {
  const reader = new Reader(body, 'a notice about an emergency text');
  const keyId = uuidText(reader.raw(16));
  reader.end();
  return keyId;
}
