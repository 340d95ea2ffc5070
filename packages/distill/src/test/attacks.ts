import assert from 'node:assert/strict';
import { decode, encode, type Message } from '../messages.ts';
import { seededBytes, seededWords, twoSites } from './benchtop.ts';
import {
  type Attacker,
  accepted,
  besiege,
  type Overheard,
  opposite,
  type SmallSession,
  type Source,
  sourceOf,
} from './hostile-line.ts';

/** What can be done to one message of a session. */

/** An honest session, and those whose messages are put in the place of its own. */
export interface Recording extends SmallSession {
  readonly source: Source;
  readonly messages: readonly Overheard[];
  /** Other light, same authentication keys; same light and same words, other keys. */
  readonly others: { readonly light: readonly Overheard[]; readonly keys: readonly Overheard[] };
}

export async function record(method: SmallSession): Promise<Recording> {
  const source = sourceOf(method.parameters, method.light);
  const listen = async (light: Source, sites = twoSites(), seed = 40): Promise<readonly Overheard[]> => {
    const random = { alice: seededBytes(seed), bob: seededBytes(seed + 1) };
    const { line, alice, bob } = await besiege({ ...method, source: light, sites, random });
    assert(accepted(alice) && accepted(bob), `an honest ${method.name} session has a key`);
    return line.said;
  };
  const otherLight = sourceOf(method.parameters, { ...method.light, seed: method.light.seed + 1 });
  const others = { light: await listen(otherLight, twoSites(), 50), keys: await listen(source, twoSites(9)) };
  return { ...method, source, messages: await listen(source), others };
}

/** Changes message `at` alone. */
export const change = (at: number, to: (bytes: Uint8Array) => readonly Uint8Array[]): Attacker => ({
  hear({ index, bytes, direction }, deliver) {
    for (const passed of index === at ? to(bytes) : [bytes]) deliver(passed, direction);
  },
});

const changeByte = (at: number, place: number, mask: number): Attacker =>
  change(at, (bytes) => {
    const changed = bytes.slice();
    changed[place < 0 ? changed.length + place : place]! ^= mask;
    return [changed];
  });

/** Keeps message `at` back until the next one of its direction is through, or nothing moves any more. */
function delay(at: number): Attacker {
  let kept: Overheard | undefined;
  return {
    hear(message, deliver) {
      if (message.index === at) {
        kept = message;
        return;
      }
      deliver(message.bytes, message.direction);
      if (kept?.direction !== message.direction) return;
      deliver(kept.bytes, kept.direction);
      kept = undefined;
    },
    silence(deliver) {
      if (kept) deliver(kept.bytes, kept.direction);
      kept = undefined;
    },
  };
}

/** Says message `at` once more after the next one of its direction. */
function repeatLater(at: number): Attacker {
  let kept: Overheard | undefined;
  return {
    hear(message, deliver) {
      deliver(message.bytes, message.direction);
      if (message.index === at) kept = message;
      else if (kept?.direction === message.direction) {
        deliver(kept.bytes, kept.direction);
        kept = undefined;
      }
    },
  };
}

const reflect = (at: number, passes: boolean): Attacker => ({
  hear({ index, bytes, direction }, deliver) {
    if (index !== at || passes) deliver(bytes, direction);
    if (index === at) deliver(bytes, opposite(direction));
  },
});

/** Puts the message of another session that has the same type, and the same place among those, in the place of `at`. */
function splice(at: number, own: readonly Overheard[], other: readonly Overheard[]): Attacker {
  const { type } = own[at]!;
  const place = own.slice(0, at).filter((message) => message.type === type).length;
  const alike = other.filter((message) => message.type === type);
  const { bytes } = alike[Math.min(place, alike.length - 1)]!;
  return change(at, () => [bytes]);
}

/** What an attacker can do to message `at` of a session that was recorded. */
export const MEANS: Readonly<Record<string, (at: number, recording: Recording) => Attacker>> = {
  'a flipped bit': (at) => {
    const next = seededWords(at + 1);
    return change(at, (bytes) => {
      const changed = bytes.slice();
      const bit = next() % (changed.length * 8);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      return [changed];
    });
  },
  'another first byte': (at) => changeByte(at, 0, 1 + (seededWords(at + 1)() % 255)),
  'another last byte': (at) => changeByte(at, -1, 1),
  dropped: (at) => change(at, () => []),
  doubled: (at) => change(at, (bytes) => [bytes, bytes]),
  'repeated later': repeatLater,
  reordered: delay,
  'sent back': (at) => reflect(at, false),
  'sent back as well': (at) => reflect(at, true),
  'spliced from other light': (at, { messages, others }) => splice(at, messages, others.light),
  'spliced from other keys': (at, { messages, others }) => splice(at, messages, others.keys),
  'cut short': (at) => change(at, (bytes) => [bytes.subarray(0, bytes.length - 1)]),
  lengthened: (at) => change(at, (bytes) => [Uint8Array.of(...bytes, 0)]),
  emptied: (at) => change(at, () => [new Uint8Array(0)]),
  'replaced by a word to stop': (at) => change(at, () => [encode({ type: 'abort', code: 10 })]),
};

/** A value of the same kind that is another one; undefined where there is none. */
function otherValue(value: unknown): unknown {
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'boolean') return !value;
  if (value instanceof Uint8Array || value instanceof Uint32Array || value instanceof Float64Array) {
    const other = value.slice();
    if (value instanceof Float64Array) other[0]! += 1;
    else other[value.length >> 1]! ^= 1;
    return value.length ? other : undefined;
  }
  if (Array.isArray(value)) return [...value.slice(0, -1), 'sky-ground/another'];
  const fields = value as Record<string, unknown>;
  const [name, first] = Object.entries(fields).find(([, field]) => typeof field === 'object')!;
  const other = otherValue(first);
  return other === undefined ? undefined : { ...fields, [name]: other };
}

/** The message with each of its fields in turn changed to another one that can be written down. */
export function otherMeanings(bytes: Uint8Array): Uint8Array[] {
  const { type, ...fields } = decode(bytes);
  return Object.entries(fields).flatMap(([name, value]) => {
    const other = otherValue(value);
    return other === undefined ? [] : [encode({ type, ...fields, [name]: other } as unknown as Message)];
  });
}
