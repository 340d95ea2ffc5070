/** A thousand keys given to applications, and then looked for wherever a key manager leaves traces. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Caller, keysOf } from './caller.ts';
import { Canaries } from './canaries.ts';
import type { Stage } from './stage.ts';

const AGAIN_MS = 100;
const TRIES = 100;

/** Keys that both applications have got, every one a canary. */
export interface Given {
  readonly canaries: Canaries;
  readonly keyIds: readonly string[];
}

/** Batches of many sizes, from both sides in turn, by ETSI GS QKD 014. Throws when a key does not come. */
export async function giveKeys(stage: Stage, [a, b]: readonly [Caller, Caller], count: number): Promise<Given> {
  const canaries = new Canaries();
  const keyIds: string[] = [];
  for (let turn = 0; keyIds.length < count; turn++) {
    const [master, slave] = turn % 2 === 0 ? [a, b] : [b, a];
    const number = Math.min(count - keyIds.length, 1 + ((turn * 7) % 25));
    const keys = await soon(() => master.encKeys(slave.saeId, number));
    const ids = keys.map(({ key_ID }) => key_ID);
    for (const { key } of keys) canaries.add(Buffer.from(key, 'base64'));
    const fetched = await soon(() => slave.decKeys(master.saeId, ids));
    if (JSON.stringify(fetched) !== JSON.stringify(keys)) throw new Error('the two ends of a key differ');
    keyIds.push(...ids);
  }
  const couriered = Buffer.from(stage.courierBytes(a.site, b.site));
  // What was not given yet is looked for as well.
  for (let at = 32; at + 4096 <= couriered.length; at += 4096) canaries.add(couriered.subarray(at, at + 4096));
  return { canaries, keyIds };
}

async function soon(ask: () => ReturnType<Caller['encKeys']>) {
  for (let tries = 1; ; tries++) {
    const answer = await ask();
    if (answer?.status === 200) return keysOf(answer);
    if (answer?.status !== 503 || tries === TRIES) throw new Error(`a key was refused: ${answer?.status}`);
    await pause(AGAIN_MS);
  }
}

/** Every file below a folder. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((file) => statSync(file).isFile());
}

/** Marks in the files, by file; those that hold none are left out. */
export function marksIn(files: readonly string[], canaries: Canaries): Record<string, number> {
  const counts = files.map((file): [string, number] => [file, canaries.count(readFileSync(file))]);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}
