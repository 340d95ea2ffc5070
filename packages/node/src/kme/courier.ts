/** Key that somebody carried from one site to the other: a file that both have, used once. */
import { closeSync, fstatSync, fsyncSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { SecretBytes } from '@skykey/bits';
import { DIRECT, keyLane, peerLane } from '@skykey/kme';
import type { BlockLabels, Vault } from '@skykey/vault';
import { NodeError } from '../error.ts';

/** What `proof` says of such key, in labels and policies. */
export const COURIER_PROOF = 'carried by courier';
/** The file begins with its name: random as the rest, alike at both ends, never used as key. */
export const NAME_BYTES = 32;
const LEAST_BYTES = 4096;
const MOST_BYTES = 2 ** 30;
/** Of the rest, this part goes to the messages of each site; what remains, halved, is key of each direction. */
const PAD_SHARE = 8;
/** So many bytes alike in a row are no key. */
const RUN_BYTES = 32;
const ERASED_AT_ONCE = 1 << 16;

export interface CourierOptions {
  readonly vault: Vault;
  readonly self: string;
  readonly peer: string;
  readonly file: string;
  /** The link that the network has for it, by which an alarm would name it. */
  readonly link: string;
  readonly jurisdictions: readonly string[];
  readonly nowMs: number;
}

interface Taken {
  readonly id: string;
  readonly atMs: number;
}

const memoryOf = (peer: string): string => `courier/${peer}/`;

/** Ids of the couriered keys taken in with a site, in order. */
export async function couriersOf(vault: Vault, peer: string): Promise<string[]> {
  const taken = await vault.notebook().recallAll(memoryOf(peer));
  return taken.map(({ value }) => (value as Taken).id);
}

/**
 * Takes the file into the lanes of both directions, then overwrites and removes it. Both ends cut it alike, in the order
 * of their names: 32 bytes of name, messages of the one, messages of the other, key of the one, key of the other. A file
 * that was taken in before, also by a start that was killed before it was removed, is only removed. Returns its id, or
 * null when there is no file.
 * Throws NodeError `node/courier`; the file then stays as it was, unless the sentence says that it was taken in.
 */
export async function takeCourier(options: CourierOptions): Promise<string | null> {
  const { vault, self, peer, file } = options;
  const bytes = readWhole(file);
  if (!bytes) return null;
  try {
    const id = Buffer.from(bytes.subarray(0, NAME_BYTES)).toString('hex');
    await vault.atomically(async (tx) => {
      const taken = await tx.recallAll(memoryOf(peer));
      if (taken.some(({ value }) => (value as Taken).id === id)) return;
      checkWhole(file, bytes);
      for (const [lane, part] of cut(bytes, self, peer)) {
        const secret = SecretBytes.adopt(part.slice());
        await tx.append(lane, labelsOf(options), secret);
        secret.wipe();
      }
      const number = String(taken.length).padStart(6, '0');
      await tx.remember(memoryOf(peer) + number, { id, atMs: options.nowMs } satisfies Taken);
    });
    erase(file, bytes.length);
    return id;
  } finally {
    bytes.fill(0);
  }
}

/** Undefined when there is none. */
function readWhole(file: string): Uint8Array | undefined {
  const refuse = (problem: string): NodeError => new NodeError('node/courier', `the couriered key ${file} ${problem}`);
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw refuse(`cannot be read: ${(error as Error).message}`);
  }
  try {
    const { size } = fstatSync(descriptor);
    if (size < LEAST_BYTES || size > MOST_BYTES || size % 16 !== 0) {
      throw refuse(
        `has ${size} bytes; it must have from ${LEAST_BYTES} to ${MOST_BYTES}, a multiple of 16, the same at both ends`,
      );
    }
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size; ) {
      const count = readSync(descriptor, bytes, at, size - at, at);
      if (count === 0) throw refuse('became shorter while it was read');
      at += count;
    }
    return bytes;
  } finally {
    closeSync(descriptor);
  }
}

/** Never so in random bytes: such a file was overwritten, if only in part, for another vault. Throws NodeError. */
function checkWhole(file: string, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += RUN_BYTES) {
    const run = bytes.subarray(at, at + RUN_BYTES);
    if (run.length === RUN_BYTES && run.every((byte) => byte === run[0])) {
      throw new NodeError(
        'node/courier',
        `the couriered key ${file} holds one byte again and again: it was overwritten, or never was key; bring a new one to both ends`,
      );
    }
  }
}

function cut(bytes: Uint8Array, self: string, peer: string): [string, Uint8Array][] {
  const [a, b] = [self, peer].sort() as [string, string];
  const rest = bytes.subarray(NAME_BYTES);
  const pads = Math.floor(rest.length / PAD_SHARE / 16) * 16;
  const half = Math.floor((rest.length - 2 * pads) / 2);
  const parts: [string, number][] = [
    [peerLane(a, b), pads],
    [peerLane(b, a), pads],
    [keyLane(a, b, DIRECT), half],
    [keyLane(b, a, DIRECT), half],
  ];
  let at = 0;
  return parts.map(([lane, length]) => [lane, rest.subarray(at, (at += length))]);
}

function labelsOf({ self, peer, link, jurisdictions, nowMs }: CourierOptions): BlockLabels {
  return {
    ...{ originLinks: [link], routes: [[self, peer].sort()], jurisdictions, epsSec: 0, epsCor: 0 },
    ...{ proof: COURIER_PROOF, simulated: false, createdAtMs: nowMs, expiresAtMs: null },
  };
}

/** All but its name, by which a start that was killed before the file was gone knows it again. Throws NodeError. */
function erase(file: string, size: number): void {
  try {
    const descriptor = openSync(file, 'r+');
    try {
      const zeros = new Uint8Array(ERASED_AT_ONCE);
      for (let at = NAME_BYTES; at < size; )
        at += writeSync(descriptor, zeros, 0, Math.min(zeros.length, size - at), at);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    rmSync(file);
  } catch (error) {
    throw new NodeError(
      'node/courier',
      `the couriered key ${file} was taken in, and the file could not be overwritten and removed: ${(error as Error).message}. Mend that and start again: the rest is done then, and nothing is taken in twice`,
      { cause: error },
    );
  }
}
