/** A conversation of canaries between two desks, and what of it is in their memory when policy says that it is gone. */
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Sealing } from '@skykey/telemetry';
import { NodeError } from '../../error.ts';
import { Canaries } from '../../trial/canaries.ts';
import { memoryOf } from '../../trial/memory.ts';
import type { DeskClient } from '../desk-client.ts';
import { DESK_SITES, type DeskSite, DeskStage, untilOpen } from './desk-stage.ts';
import { seededKey } from './seeded-keys.ts';
import { Ear } from './text-times.ts';
import { MASK, type SecretWord } from './watch-secrets.ts';

const DAY_MS = 86_400_000;
/** Longer than the policy keeps history. */
const AWAY_MS = 40 * DAY_MS;
const RENEW_MS = 560_000;
/** For a desk to notice that its clock went on, to end what has ended, and to agree on keys. */
const SETTLE_MS = 4000;
/** Records of the keys before are opened no longer than so. */
const OVERLAP_MS = 20_000;
/** It sweeps when it has been quiet for fifteen seconds. */
const SWEPT_MS = 22_000;
const LEASES = 4;
/** Texts that are under way together. */
const AT_ONCE = 20;
const LIMIT_MS = 30_000;
/** Of a secret that can be told from chance. */
const SECRET_BYTES = 16;

export const MEMORY_KINDS = [
  'hybrid text',
  'sealed text',
  'one-time pad',
  'key of the line',
  'key of the call',
  'secret',
] as const;
export type MemoryKind = (typeof MEMORY_KINDS)[number];

export interface MemoryFinding {
  readonly site: DeskSite;
  readonly kind: MemoryKind;
  /** Of secrets: the file that made them. */
  readonly of: string;
  /** What was looked for. */
  readonly canaries: number;
  /** Of these, how many had at least a piece in memory while the conversation went on; null: not looked for. */
  readonly during: number | null;
  /** And when policy says that they are gone. */
  readonly after: number;
}

export interface MemoryOutcome {
  readonly texts: number;
  /** Bytes of memory that were looked through at the end, by site. */
  readonly bytes: Readonly<Record<DeskSite, number>>;
  readonly renewals: number;
  readonly findings: readonly MemoryFinding[];
}

export interface MemoryTrialOptions {
  /** Empty folder. */
  readonly within: string;
  readonly texts: number;
  readonly onProgress?: (done: number) => void;
  /** Environment of the processes besides what a site has; for trials of the trial. */
  readonly env?: Readonly<Record<string, string>>;
}

/** As the supervisor starts a site. */
const SITE_ENVIRONMENT = { GLIBC_TUNABLES: 'glibc.malloc.perturb=165' };

/** One canary: bytes of it in every form in which a program may hold them. */
interface Canary {
  readonly kind: MemoryKind;
  readonly of: string;
  readonly pieces: readonly Uint8Array[];
}

/** What a process has told of its secrets. */
class Secrets {
  readonly #made = new Map<number, { readonly maker: string; readonly bytes: Uint8Array }>();
  readonly #wiped = new Set<number>();

  hear({ state, id, maker, masked }: SecretWord): void {
    if (state === 'wiped') this.#wiped.add(id);
    else this.#made.set(id, { maker, bytes: Buffer.from(masked, 'base64').map((byte) => byte ^ MASK) });
  }

  /** Those that were overwritten, and are no part of one that was not. */
  gone(): Canary[] {
    const alive = [...this.#made].filter(([id]) => !this.#wiped.has(id)).map(([, { bytes }]) => hex(bytes));
    const seen = new Set<string>();
    return [...this.#wiped].flatMap((id) => {
      const { maker, bytes } = this.#made.get(id)!;
      const text = hex(bytes);
      // A short or empty one, or one that is all the same byte, is found everywhere.
      if (bytes.length < SECRET_BYTES || new Set(bytes).size < SECRET_BYTES / 2 || seen.has(text)) return [];
      seen.add(text);
      if (alive.some((other) => other.includes(text) || text.includes(other))) return [];
      return [{ kind: 'secret' as const, of: maker, pieces: [bytes] }];
    });
  }
}

/** Linux, and the right to look into processes of one's own. */
export async function playMemory({ within, texts, onProgress, env = {} }: MemoryTrialOptions): Promise<MemoryOutcome> {
  const told = { north: new Secrets(), south: new Secrets() };
  const keys = new Map<string, number>();
  const stage = await DeskStage.start({
    ...{ folder: within, conversations: 1, watch: true, env: { ...SITE_ENVIRONMENT, ...env } },
    onWord: (site, word) => {
      if (word.kind === 'secret') told[site].hear(word);
      if (word.kind === 'key') keys.set(word.keyId, word.bytes);
    },
  });
  try {
    const clients = [await stage.enter('north'), await stage.enter('south')] as const;
    const ears = [new Ear(clients[0]), new Ear(clients[1])] as const;
    await Promise.all(ears.map(({ listening }) => listening));
    for (const client of clients) await untilOpen(client);

    const words = Array.from({ length: texts }, (_, i) => ({ sealing: sealingOf(i), text: wordsOf(i) }));
    for (let at = 0; at < words.length; at += AT_ONCE) {
      const said = words.slice(at, at + AT_ONCE).map(async ({ sealing, text }, i) => {
        const from = i % 4 < 2 ? 0 : 1;
        await clients[from].say(text, sealing);
        await ears[1 - from]!.heard(text);
      });
      await Promise.all(said);
      onProgress?.((0.6 * at) / texts);
    }
    const during = new Map<DeskSite, Buffer>();
    for (const site of DESK_SITES) during.set(site, memoryOf(stage.processes[site].pid));
    const ofCall = await callAndEnd(clients);
    const before = await renewedAt(clients[0]);
    forward(stage, RENEW_MS);
    await until(async () => (await renewedAt(clients[0])) !== before, 'the keys of the line were not renewed');
    onProgress?.(0.7);
    await Promise.all(ears.map((ear) => ear.close()));
    // Nobody looks on any more; the days of the texts end, and with them every key of the line that there was.
    forward(stage, AWAY_MS);
    await pause(SETTLE_MS);
    forward(stage, OVERLAP_MS);
    await pause(1000);
    // Desks go on to tell each other that they are there, under keys of a record each: of those that were gone by now.
    const gone = { north: told.north.gone(), south: told.south.gone() };
    await pause(SWEPT_MS);

    const canaries: Canary[] = [
      ...words.map(({ sealing, text }) => textCanary(sealing, text)),
      ...ofCall.map((bytes): Canary => ({ kind: 'key of the call', of: '', pieces: [bytes] })),
    ];
    for (const [keyId, bytes] of keys) {
      // Those of the line have 32 bytes; pads are longer.
      const kind = bytes === 32 ? 'key of the line' : 'one-time pad';
      canaries.push({ kind, of: '', pieces: [seededKey(stage.seed, keyId, bytes)] });
    }
    const findings: MemoryFinding[] = [];
    const bytes = { north: 0, south: 0 };
    for (const [i, site] of DESK_SITES.entries()) {
      const memory = memoryOf(stage.processes[site].pid);
      bytes[site] = memory.length;
      findings.push(...findingsOf(site, [...canaries, ...gone[site]], memory, during.get(site)!));
      onProgress?.(0.7 + 0.15 * (i + 1));
    }
    return { texts, bytes, renewals: new Set([...keys].filter(([, size]) => size === 32)).size - 1, findings };
  } finally {
    await stage.close();
  }
}

const sealingOf = (i: number): Sealing => (i % 2 === 0 ? 'hybrid' : 'sealed');

/** Every fourth has letters for which JavaScript takes two bytes each. */
function wordsOf(i: number): string {
  const random = randomBytes(36).toString('base64url');
  return i % 4 < 2 ? random : `\u03a9${random}`;
}

function textCanary(sealing: Sealing, text: string): Canary {
  const bytes = Buffer.from(text);
  // Base64 of a text that begins at any place of another.
  const pieces = [bytes, bytes.subarray(1), bytes.subarray(2), Buffer.from(text, 'utf16le')];
  return { kind: `${sealing} text`, of: '', pieces };
}

async function callAndEnd([a, b]: readonly [DeskClient, DeskClient]): Promise<Uint8Array[]> {
  const { id } = (await a.post('/api/call', { kind: 'video' })) as { id: string };
  await until(
    () =>
      b.post('/api/call/accept', { id }).then(
        () => true,
        () => false,
      ),
    'the call was not accepted',
  );
  const found: Uint8Array[] = [];
  for (const client of [a, b]) {
    let have: string[] = [];
    for (let i = 0; i < LEASES; ) {
      const lease = { id, session: 'trial', have };
      const answer = (await client.post('/api/call/lease', lease).catch(() => undefined)) as
        | { keys: { keyId: string; baseKey: string }[] }
        | undefined;
      if (answer) i++;
      for (const { keyId, baseKey } of answer?.keys ?? []) {
        have = [...have, keyId];
        found.push(Buffer.from(baseKey, 'base64'));
      }
      await pause(100);
    }
  }
  await a.post('/api/call/end', { id });
  return found;
}

async function renewedAt(client: DeskClient): Promise<string> {
  const { safety } = await client.state();
  return safety.qkdKeyIds.join();
}

function forward(stage: DeskStage, ms: number): void {
  for (const site of DESK_SITES) stage.processes[site].order({ kind: 'forward', desk: 0, ms });
}

async function until(isSo: () => Promise<boolean>, otherwise: string): Promise<void> {
  const limitMs = performance.now() + LIMIT_MS;
  while (!(await isSo())) {
    if (performance.now() > limitMs) throw new NodeError('node/trial', otherwise);
    await pause(100);
  }
}

function findingsOf(site: DeskSite, canaries: readonly Canary[], after: Buffer, during: Buffer): MemoryFinding[] {
  const groups = Map.groupBy(canaries, ({ kind, of }) => `${kind}/${of}`);
  return [...groups.values()].map((group) => {
    const { kind, of } = group[0]!;
    // What is made later than the first look cannot be in it.
    const looked = kind.endsWith('text');
    return {
      ...{ site, kind, of, canaries: group.length },
      during: looked ? foundIn(group, during) : null,
      after: foundIn(group, after),
    };
  });
}

/** How many of the canaries have a piece in the memory. */
function foundIn(group: readonly Canary[], memory: Buffer): number {
  const all = new Canaries();
  for (const { pieces } of group) for (const piece of pieces) all.add(piece);
  const found = all.found(memory);
  return group.filter(({ pieces }) => pieces.some((piece) => Canaries.marksOf(piece).some((mark) => found.has(mark))))
    .length;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
