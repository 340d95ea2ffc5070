/**
 * Messages of strongSwan's vici protocol: a tree of sections, lists and values (src/libcharon/plugins/vici/README.md of
 * strongSwan 5.9.8, "Message format"). Values are bytes; charon's own are text.
 */
import { CliError } from '../error.ts';

/** What is sent. Bytes are for secrets, which shall never become text. */
export type ViciValue = string | Uint8Array | readonly (string | Uint8Array)[] | ViciSection;
export interface ViciSection {
  readonly [name: string]: ViciValue;
}

/** What is read: text, a list of texts, or a section. */
export type ViciRead = string | string[] | ViciAnswer;
export interface ViciAnswer {
  readonly [name: string]: ViciRead | undefined;
}

const SECTION_START = 1;
const SECTION_END = 2;
const KEY_VALUE = 3;
const LIST_START = 4;
const LIST_ITEM = 5;
const LIST_END = 6;

/** Sections within sections; charon's own answers need five. */
const MAX_DEPTH = 32;

/** The caller overwrites the result when there is a secret in it. @throws CliError `agent/vici` for what has no encoding */
export function encodeMessage(section: ViciSection): Uint8Array {
  const out = new Uint8Array(lengthOf(section));
  let at = 0;
  const name = (kind: number, text: string): void => {
    const bytes = Buffer.from(text);
    out[at] = kind;
    out[at + 1] = bytes.length;
    out.set(bytes, at + 2);
    at += 2 + bytes.length;
  };
  const value = (content: string | Uint8Array): void => {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    out[at] = bytes.length >> 8;
    out[at + 1] = bytes.length & 0xff;
    out.set(bytes, at + 2);
    at += 2 + bytes.length;
  };
  const put = (members: ViciSection): void => {
    for (const [key, member] of Object.entries(members)) {
      if (typeof member === 'string' || member instanceof Uint8Array) {
        name(KEY_VALUE, key);
        value(member);
      } else if (isList(member)) {
        name(LIST_START, key);
        for (const item of member) {
          out[at++] = LIST_ITEM;
          value(item);
        }
        out[at++] = LIST_END;
      } else {
        name(SECTION_START, key);
        put(member);
        out[at++] = SECTION_END;
      }
    }
  };
  put(section);
  return out;
}

/** Bytes that a section takes; measured first, so that no secret is left behind in a buffer that had to grow. */
function lengthOf(section: ViciSection): number {
  let length = 0;
  for (const [key, member] of Object.entries(section)) {
    const keyBytes = Buffer.byteLength(key);
    if (keyBytes === 0 || keyBytes > 255)
      throw new CliError('agent/vici', `the name "${key.slice(0, 40)}" must have 1 to 255 bytes`);
    length += 2 + keyBytes;
    if (typeof member === 'string' || member instanceof Uint8Array) length += valueLength(key, member);
    else if (isList(member)) for (const item of member) length += 1 + valueLength(key, item);
    else length += lengthOf(member);
    if (!(typeof member === 'string' || member instanceof Uint8Array)) length += 1;
  }
  return length;
}

function valueLength(key: string, content: string | Uint8Array): number {
  const bytes = typeof content === 'string' ? Buffer.byteLength(content) : content.length;
  if (bytes > 0xffff) throw new CliError('agent/vici', `the value of "${key}" must have at most 65,535 bytes`);
  return 2 + bytes;
}

function isList(member: ViciValue): member is readonly (string | Uint8Array)[] {
  return Array.isArray(member);
}

/** Reads a message. Sections have no prototype. @throws CliError `agent/vici` for anything but a whole message */
export function decodeMessage(bytes: Uint8Array): ViciAnswer {
  let at = 0;
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length) throw broken('it ends early');
    at += length;
    return bytes.subarray(at - length, at);
  };
  const text = (length: number): string => Buffer.from(take(length)).toString('utf8');
  const name = (): string => text(take(1)[0]!);
  const value = (): string => {
    const length = take(2);
    return text((length[0]! << 8) | length[1]!);
  };
  const section = (depth: number): ViciAnswer => {
    if (depth > MAX_DEPTH) throw broken(`sections are nested deeper than ${MAX_DEPTH}`);
    const members: Record<string, ViciRead> = Object.create(null);
    while (at < bytes.length) {
      const kind = take(1)[0]!;
      if (kind === SECTION_END && depth > 0) return members;
      if (kind === KEY_VALUE) members[name()] = value();
      else if (kind === SECTION_START) members[name()] = section(depth + 1);
      else if (kind === LIST_START) {
        const items: string[] = [];
        members[name()] = items;
        for (let item = take(1)[0]!; item !== LIST_END; item = take(1)[0]!) {
          if (item !== LIST_ITEM) throw broken(`element ${item} stands in a list`);
          items.push(value());
        }
      } else throw broken(`element ${kind} stands where a name should`);
    }
    if (depth > 0) throw broken('a section has no end');
    return members;
  };
  return section(0);
}

function broken(why: string): CliError {
  return new CliError('agent/vici', `charon's answer is not a vici message: ${why}`);
}
