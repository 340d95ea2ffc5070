/** Many conversations at once, in two processes. */
import { setTimeout as pause } from 'node:timers/promises';
import type { DeskClient } from '../desk-client.ts';
import { DESK_SITES, type DeskStage, untilOpen } from './desk-stage.ts';
import { Ear } from './text-times.ts';

/** Where a page asks for leave to go on with a call so often. */
const LEASE_MS = 250;
/** A desk renews its keys at eight tenths of the ten minutes that they live. */
export const RENEWAL_S = 480;
/** Ahead of the desk that is due later, so that its renewal is due as well. */
const FORWARD_MS = 560_000;
/** After the last text was said. */
const LINGER_MS = 10_000;

export interface Persons {
  readonly clients: readonly [DeskClient, DeskClient];
  readonly ears: readonly [Ear, Ear];
}

export interface CrowdOptions {
  readonly seconds: number;
  /** Between two texts of one person; null: nobody writes. */
  readonly everyMs: number | null;
  readonly call: boolean;
  /** Keys are renewed as often as in so much time of desks, in conversations one after the other. */
  readonly renewals: boolean;
  readonly mark: string;
}

export interface Crowd {
  readonly conversations: number;
  readonly seconds: number;
  readonly said: number;
  readonly delivered: number;
  readonly again: number;
  /** Of texts that a desk refused to take, what it said. */
  readonly refused: readonly string[];
  readonly renewals: number;
  readonly leases: number;
  /** From the request to the other page, ms, in no order. */
  readonly times: readonly number[];
  /** Processor time of each site's process as a part of one core. */
  readonly cpu: readonly [number, number];
}

/** Two persons for every conversation, with the pages' streams of events open, when all lines are. */
export async function enterAll(stage: DeskStage, conversations: number): Promise<readonly Persons[]> {
  const persons: Persons[] = [];
  for (let i = 0; i < conversations; i++) {
    const clients = [await stage.enter('north', i), await stage.enter('south', i)] as const;
    const ears = [new Ear(clients[0]), new Ear(clients[1])] as const;
    await Promise.all(ears.map(({ listening }) => listening));
    persons.push({ clients, ears });
  }
  for (const { clients } of persons) for (const client of clients) await untilOpen(client);
  return persons;
}

export async function leaveAll(persons: readonly Persons[]): Promise<void> {
  await Promise.all(persons.flatMap(({ ears }) => ears.map((ear) => ear.close())));
}

/** Everybody writes by the clock, whether what was written before has come or not. */
export async function playCrowd(
  stage: DeskStage,
  persons: readonly Persons[],
  { seconds, everyMs, call, renewals, mark }: CrowdOptions,
): Promise<Crowd> {
  const times: number[] = [];
  const refused: string[] = [];
  let said = 0;
  let leases = 0;
  let renewed = 0;
  const words: Promise<void>[] = [];
  const fromMs = performance.now();
  const untilMs = fromMs + 1000 * seconds;
  const before = await cpuOf(stage);
  const write = async (from: DeskClient, to: Ear, text: string): Promise<void> => {
    const startMs = performance.now();
    try {
      await from.say(text, 'hybrid');
    } catch (error) {
      refused.push((error as Error).message);
      return;
    }
    said++;
    const heardMs = await to.heard(text).catch(() => undefined);
    if (heardMs !== undefined) times.push(heardMs - startMs);
  };
  const person = async (i: number, side: 0 | 1): Promise<void> => {
    if (everyMs === null) return;
    const { clients, ears } = persons[i]!;
    // Spread over the time between two texts.
    const firstMs = fromMs + (everyMs * (2 * i + side)) / (2 * persons.length);
    for (let n = 0; ; n++) {
      const dueMs = firstMs + n * everyMs;
      if (dueMs >= untilMs) return;
      await pause(Math.max(0, dueMs - performance.now()));
      words.push(write(clients[side], ears[1 - side]!, `${mark} ${i} ${side} ${n}: a line as people write it`));
    }
  };
  const caller = async ({ clients: [a, b] }: Persons): Promise<void> => {
    if (!call) return;
    const { id } = (await a.post('/api/call', { kind: 'video' })) as { id: string };
    const accept = (): Promise<boolean> =>
      b.post('/api/call/accept', { id }).then(
        () => true,
        () => false,
      );
    while (!(await accept())) await pause(50);
    const hold = async (client: DeskClient): Promise<void> => {
      let have: string[] = [];
      while (performance.now() < untilMs) {
        const lease = { id, session: mark, have };
        const answer = await client.post('/api/call/lease', lease).catch(() => undefined);
        const { keys = [] } = (answer ?? {}) as { keys?: { keyId: string }[] };
        have = [...have, ...keys.map(({ keyId }) => keyId)].slice(-16);
        if (answer) leases++;
        await pause(LEASE_MS);
      }
    };
    await Promise.all([hold(a), hold(b)]);
    await a.post('/api/call/end', { id });
  };
  const renewer = async (): Promise<void> => {
    if (!renewals) return;
    const everyRenewalMs = (1000 * RENEWAL_S) / persons.length;
    for (let i = 0; ; i = (i + 1) % persons.length) {
      await pause(everyRenewalMs);
      if (performance.now() >= untilMs) return;
      for (const site of DESK_SITES) stage.processes[site].order({ kind: 'forward', desk: i, ms: FORWARD_MS });
      renewed++;
    }
  };
  const everybody = persons.flatMap((each, i) => [person(i, 0), person(i, 1), caller(each)]);
  await Promise.all([...everybody, pause(1000 * seconds), Promise.race([renewer(), pause(1000 * seconds)])]);
  const after = await cpuOf(stage);
  const tookS = (performance.now() - fromMs) / 1000;
  await Promise.race([Promise.all(words), pause(LINGER_MS)]);
  return {
    ...{ conversations: persons.length, seconds, said, delivered: times.length, refused, renewals: renewed, leases },
    again: persons.reduce((sum, { ears }) => sum + ears[0].again + ears[1].again, 0),
    times,
    cpu: [(after[0] - before[0]) / tookS, (after[1] - before[1]) / tookS],
  };
}

async function cpuOf(stage: DeskStage): Promise<[number, number]> {
  return [await stage.processes.north.cpuS(), await stage.processes.south.cpuS()];
}
