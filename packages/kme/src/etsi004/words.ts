/** What two sites say to each other about a key stream, as JSON within the authenticated words between KMEs. */
import { type Json, type JsonObject, readJson } from '../json.ts';
import type { Qos, StreamStatus } from './message.ts';

export const TOPIC = { open: '004/open', need: '004/need', close: '004/close' } as const;

/** "An application of mine has opened this stream." */
export interface OpenWord {
  readonly ksid: string;
  readonly sae: string;
  readonly peer: string;
  readonly qos: Qos;
  /** Whether the speaker's end leads, should the stream be new to the listener. */
  readonly leads: boolean;
}

export interface OpenReply {
  /** `refused`: the pair may not. */
  readonly outcome: 'joined' | 'in-use' | 'refused';
  /** What the listener holds: it counts where the stream was known before. */
  readonly qos: Qos;
  /** Whether the asker's end leads. */
  readonly leads: boolean;
  /** Whether the listener's application has opened the stream. */
  readonly connected: boolean;
  /** Chunks that the listener knows to have been set aside. */
  readonly assignedTo: number;
}

/** From the follower: "set aside chunk `index`, and tell me of what I do not know: from chunk `known` on". */
export interface NeedWord {
  readonly ksid: string;
  readonly sae: string;
  readonly peer: string;
  readonly index: number;
  readonly known: number;
  /** Chunks below were all given to the follower's application. */
  readonly readTo: number;
}

export interface NeedReply {
  readonly status: StreamStatus;
  readonly assignedTo: number;
  /** [from, to, shift], from `known` on. */
  readonly windows: readonly (readonly [number, number, number])[];
  /** The leader gives no more. */
  readonly closed: boolean;
}

export interface CloseWord {
  readonly ksid: string;
  readonly sae: string;
  readonly peer: string;
}

export interface CloseReply {
  /** Whether the listener's application is done with the stream, too. */
  readonly closed: boolean;
}

export function encodeWord(word: OpenWord | OpenReply | NeedWord | NeedReply | CloseWord | CloseReply): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(word));
}

/** The readers below throw SyntaxError. */
export function readOpenWord(bytes: Uint8Array): OpenWord {
  const word = members(bytes);
  return { ...names(word), qos: qosOf(word.qos), leads: flag(word.leads) };
}

export function readOpenReply(bytes: Uint8Array): OpenReply {
  const word = members(bytes);
  const outcome = text(word.outcome);
  if (outcome !== 'joined' && outcome !== 'in-use' && outcome !== 'refused') throw wrong('the outcome');
  const { qos, leads, connected, assignedTo } = word;
  return { outcome, qos: qosOf(qos), leads: flag(leads), connected: flag(connected), assignedTo: whole(assignedTo) };
}

export function readNeedWord(bytes: Uint8Array): NeedWord {
  const word = members(bytes);
  return { ...names(word), index: whole(word.index), known: whole(word.known), readTo: whole(word.readTo) };
}

export function readNeedReply(bytes: Uint8Array): NeedReply {
  const word = members(bytes);
  const status = whole(word.status);
  if (status > 8) throw wrong('the status');
  if (!Array.isArray(word.windows)) throw wrong('the windows');
  const windows = word.windows.map((window) => {
    const [from, to, shift, ...rest] = Array.isArray(window) ? window.map(whole) : [];
    if (from === undefined || to === undefined || shift === undefined || rest.length > 0 || to <= from) {
      throw wrong('a window');
    }
    return [from, to, shift] as const;
  });
  return { status: status as StreamStatus, assignedTo: whole(word.assignedTo), windows, closed: flag(word.closed) };
}

export function readCloseWord(bytes: Uint8Array): CloseWord {
  return names(members(bytes));
}

export function readCloseReply(bytes: Uint8Array): CloseReply {
  return { closed: flag(members(bytes).closed) };
}

function members(bytes: Uint8Array): JsonObject {
  const value = readJson(bytes);
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw wrong('the document');
  return value;
}

function names(word: JsonObject): CloseWord {
  const ksid = text(word.ksid);
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(ksid)) throw wrong('the key stream id');
  return { ksid, sae: text(word.sae), peer: text(word.peer) };
}

function qosOf(value: Json | undefined): Qos {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw wrong('the quality of service');
  return {
    chunkBytes: whole(value.chunkBytes),
    maxBps: whole(value.maxBps),
    minBps: whole(value.minBps),
    jitterBps: whole(value.jitterBps),
    priority: whole(value.priority),
    timeoutMs: whole(value.timeoutMs),
    ttlS: whole(value.ttlS),
    metadataType: text(value.metadataType),
  };
}

function text(value: Json | undefined): string {
  if (typeof value !== 'string') throw wrong('a text');
  return value;
}

function whole(value: Json | undefined): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw wrong('a number');
  return value;
}

function flag(value: Json | undefined): boolean {
  if (typeof value !== 'boolean') throw wrong('a yes or no');
  return value;
}

function wrong(what: string): SyntaxError {
  return new SyntaxError(`these are no words about a key stream: ${what} is not as it should be`);
}
