/**
 * Faults of the disk, one at every system call by which a desk changes its files: `strace` kills the process there, or has
 * the call fail. The day goes on, on a new start where one is needed, and what people were told has to hold.
 */

import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DEFAULT_POLICY } from '@skykey/hotline';
import { freePorts } from '../../../kme/trial/stage.ts';
import { linePolicyDocument } from '../../line-policy.ts';
import type { Threads } from './desk-process.ts';
import { KeyOffice } from './key-office.ts';
import { Ledger, otherSide, SIDES, type Side } from './ledger.ts';
import type { Tracing } from './process-under-trial.ts';
import { Script } from './script.ts';
import { TappedLine } from './tapped-line.ts';
import { type End, TrialDesk } from './trial-desk.ts';

/** Calls that change what lies in the folder of a desk. */
const CALLS = [
  'pwrite64',
  'write',
  'writev',
  'pwritev',
  'fsync',
  'fdatasync',
  'ftruncate',
  'fallocate',
  'link',
  'unlink',
  'rename',
  'mkdir',
  'openat',
] as const;
export type Call = (typeof CALLS)[number];

/**
 * `kill`: the process ends there, before the call does anything. `eio`: the call fails once. `enospc`: it fails and goes on
 * failing for a while, as a disk does that is full.
 */
export type Fault = 'kill' | 'eio' | 'enospc';
export const FAULTS: readonly Fault[] = ['kill', 'eio', 'enospc'];
/** How many calls fail of a full disk. */
const FULL_FOR = 8;
/** Calls that can fail for want of room. */
const TAKES_ROOM: readonly Call[] = ['pwrite64', 'write', 'ftruncate', 'fallocate', 'link', 'mkdir', 'openat'];

/** Whose calls: of a in its life, of b in its first and its second one. */
export const LIVES = ['a', 'b', 'b again'] as const;
export type Life = (typeof LIVES)[number];

export interface CallPoint {
  readonly life: Life;
  readonly thread: keyof Threads;
  readonly call: Call;
  /** Which one of the thread, from 1. */
  readonly number: number;
}

/** What comes on top when the process is started again: its store is put back from a copy, or its clock goes back. */
export type Besides = 'nothing' | 'old copy' | 'clock back';

export interface FaultPoint extends CallPoint {
  readonly fault: Fault;
  readonly besides: Besides;
}

export interface FaultOutcome extends FaultPoint {
  /** Whether the thread came so far. */
  readonly isReached: boolean;
  /** File that the call was about, as far as its name is known. */
  readonly file: string;
  /** How the life that was hit ended. */
  readonly end: End | undefined;
  /** Whether what was to come on top did: a copy has to be there by then. */
  readonly besidesCame: boolean;
  /** Whether a page said that a store was restored. */
  readonly saidRestored: boolean;
  readonly records: number;
  readonly keptTexts: number;
  readonly violations: readonly string[];
}

/** A clock goes back by so much: more than is overlooked, less than makes the words of others come from the future. */
const BACK_MS = 5000;
const SECRET_BYTES = 64;
/** Every so manieth kill is followed by a start from an old copy, or by one with the clock set back. */
const OLD_COPY_EVERY = 5;
const CLOCK_BACK_EVERY = 7;

/** Every point that a run has; runs differ a little by what the clock does meanwhile. */
export function faultPoints(calls: readonly CallPoint[]): FaultPoint[] {
  return FAULTS.flatMap((fault) =>
    calls
      .filter(({ call }) => fault !== 'enospc' || TAKES_ROOM.includes(call))
      .map((point, i): FaultPoint => ({ ...point, fault, besides: fault === 'kill' ? besidesOf(i) : 'nothing' })),
  );
}

const besidesOf = (i: number): Besides =>
  i % OLD_COPY_EVERY === 1 ? 'old copy' : i % CLOCK_BACK_EVERY === 2 ? 'clock back' : 'nothing';

const ACTION: Record<Fault, (number: number) => string> = {
  kill: (number) => `signal=KILL:when=${number}`,
  eio: (number) => `error=EIO:when=${number}`,
  enospc: (number) => `error=ENOSPC:when=${number}..${number + FULL_FOR - 1}`,
};

/** All calls that change files, of every life, in a run without faults. Throws when such a run goes wrong. */
export async function listCalls(within: string): Promise<CallPoint[]> {
  const folder = mkdtempSync(join(within, 'skykey-faults-'));
  try {
    const log = (life: Life, thread: string): string => join(folder, `${life} ${thread}`);
    const { violations } = await playDay(folder, (life) =>
      (['main', 'pool'] as const).map((thread) => ({
        thread,
        args: ['-y', '-s', '0', '-o', log(life, thread), '-e', `trace=${CALLS.join(',')}`],
      })),
    );
    if (violations.length > 0) throw new Error(`a run without faults: ${violations.join('; ')}`);
    return LIVES.flatMap((life) =>
      (['main', 'pool'] as const).flatMap((thread) => {
        const counts = new Map<string, number>();
        return readFileSync(log(life, thread), 'utf8')
          .split('\n')
          .flatMap((line): CallPoint[] => {
            const [, call] = /^(\w+)\(/.exec(line) ?? [];
            if (call === undefined) return [];
            const number = (counts.get(call) ?? 0) + 1;
            counts.set(call, number);
            const isOurs = line.includes(folder) && (call !== 'openat' || line.includes('O_CREAT'));
            return isOurs ? [{ life, thread, call: call as Call, number }] : [];
          });
      }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Before the last start: what a trial has to find. `last` is the newest record on the line. */
export type Sabotage = (ledger: Ledger, last: Uint8Array) => void;

/** Plays one fault. */
export async function playFault(point: FaultPoint, within: string, sabotage?: Sabotage): Promise<FaultOutcome> {
  const folder = mkdtempSync(join(within, 'skykey-faults-'));
  try {
    const log = join(folder, 'calls');
    const tracing: Tracing = {
      thread: point.thread,
      args: [
        ...['-y', '-s', '0', '-o', log, '-e', `trace=${point.call}`],
        ...['-e', `inject=${point.call}:${ACTION[point.fault](point.number)}`],
      ],
    };
    const played = await playDay(folder, (life) => (life === point.life ? [tracing] : []), point, sabotage);
    const hit = readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) =>
        point.fault === 'kill' ? / = \?|\+\+\+ killed|unfinished/.test(line) : line.includes('(INJECTED)'),
      );
    return {
      ...point,
      ...played,
      isReached: hit.length > 0,
      file: /skykey-faults-\w+\/[ab]\/([\w./-]+)/.exec(hit[0] ?? '')?.[1] ?? '',
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Played = Pick<FaultOutcome, 'end' | 'besidesCame' | 'saidRestored' | 'records' | 'keptTexts' | 'violations'>;

async function playDay(
  folder: string,
  tracingsOf: (life: Life) => readonly Tracing[],
  point?: FaultPoint,
  sabotage?: Sabotage,
): Promise<Played> {
  const ledger = new Ledger();
  const office = new KeyOffice();
  await office.open();
  const [portA, portB, lineA, lineB] = (await freePorts(4)) as [number, number, number, number];
  let last: Uint8Array = new Uint8Array(0);
  const line = new TappedLine(
    new Map([
      ['a', lineA],
      ['b', lineB],
    ]),
    (bytes) => {
      ledger.onLine(bytes);
      if (bytes[5] === 2) last = bytes;
    },
  );
  await line.open();
  const desks = stage(folder, { ledger, office, line, ports: { a: [portA, lineA], b: [portB, lineB] } });
  const hit = point && desks[point.life === 'a' ? 'a' : 'b'];
  let besidesCame = false;
  let end: End | undefined;
  if (hit) {
    hit.isMortal = point.fault === 'kill';
    hit.onTracedEnd = (how) => {
      end = how;
      if (how !== 'killed') return;
      besidesCame = point.besides === 'clock back' || (point.besides === 'old copy' && hit.hasCopy);
      if (!besidesCame) return;
      if (point.besides === 'old copy') hit.putBackCopy();
      else hit.setClock(hit.aheadMs - BACK_MS);
    };
  }
  const script = new Script({
    ...{ desks, ledger, folder },
    startAgain: () => desks.b.start(tracingsOf('b again')),
  });
  try {
    for (const side of SIDES) await desks[side].start(tracingsOf(side));
    for (const side of SIDES) desks[side].whileWaiting = () => desks[otherSide(side)].ensure();
    await script.play();
    sabotage?.(ledger, last);
    await script.verify();
  } catch (error) {
    ledger.wrong((error as Error).message);
  } finally {
    for (const side of SIDES) await desks[side].stop('SIGKILL');
    line.close();
    office.close();
  }
  const saidRestored = SIDES.some((side) => desks[side].saidRestored);
  if (saidRestored && !(besidesCame && point?.besides === 'old copy'))
    ledger.wrong('a page says that a store was restored, and none was');
  const { records, kept: keptTexts, violations } = ledger;
  return { end, besidesCame, saidRestored, records, keptTexts, violations };
}

/** Two sites with what their operators have brought to both: a secret, a policy, a conversation. */
function stage(
  folder: string,
  parts: {
    readonly ledger: Ledger;
    readonly office: KeyOffice;
    readonly line: TappedLine;
    readonly ports: Readonly<Record<Side, readonly [number, number]>>;
  },
): Record<Side, TrialDesk> {
  const { ledger, office, line, ports } = parts;
  mkdirSync(join(folder, 'pages'));
  const policy = join(folder, 'policy.json');
  const secret = join(folder, 'secret');
  writeFileSync(policy, JSON.stringify(linePolicyDocument(DEFAULT_POLICY)));
  writeFileSync(secret, randomBytes(SECRET_BYTES), { mode: 0o600 });
  const common = { conversationId: randomUUID(), pages: join(folder, 'pages'), secret, policy };
  // Beside the stage: those of a study share it.
  const compiled = join(dirname(folder), 'compiled');
  const desk = (side: Side): TrialDesk => {
    const [port, linePort] = ports[side];
    return new TrialDesk({
      ...{ side, folder: join(folder, side), port, linePort, common, compiled, ledger },
      ...{ keysUrl: office.url, lineUrl: line.urlOf(side) },
    });
  };
  return { a: desk('a'), b: desk('b') };
}
