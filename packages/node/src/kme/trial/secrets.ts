/** A thousand keys given to applications, and then looked for wherever a key manager leaves traces. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { StreamRequest } from '@skykey/kme';
import { Canaries } from '../../trial/canaries.ts';
import { type Caller, keysOf } from './caller.ts';
import { call004 } from './knock.ts';
import type { Stage } from './stage.ts';

const AGAIN_MS = 100;
const TRIES = 100;

/** Keys that both applications have got, every one a canary. */
export interface Given {
  readonly canaries: Canaries;
  readonly keyIds: readonly string[];
}

/** Batches of many sizes, from both sides in turn, by ETSI GS QKD 014. Throws when a key does not come. */
export async function giveKeys([a, b]: readonly [Caller, Caller], count: number): Promise<Given> {
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
  return { canaries, keyIds };
}

/** Keys by SKIP, as hexadecimal digits of JSON. Throws when one does not come. */
export async function giveBySkip([a, b]: readonly [Caller, Caller], count: number, canaries: Canaries): Promise<void> {
  const ask = async (caller: Caller, path: string): Promise<{ keyId: string; key: string }> => {
    const answer = await caller.ask(path, undefined, 'skip');
    if (answer?.status !== 200) throw new Error(`SKIP refused a key: ${answer?.status}`);
    return JSON.parse(answer.text) as { keyId: string; key: string };
  };
  for (let i = 0; i < count; i++) {
    const { keyId, key } = await ask(a, `/key?remoteSystemID=sys-${b.saeId}`);
    const fetched = await ask(b, `/key/${keyId}?remoteSystemID=sys-${a.saeId}`);
    if (fetched.key !== key) throw new Error('the two ends of a key differ');
    canaries.add(Buffer.from(key, 'hex'));
  }
}

const QOS = {
  chunkBytes: 32,
  maxBps: 0,
  minBps: 0,
  jitterBps: 0,
  priority: 0,
  timeoutMs: 5000,
  ttlS: 60,
  metadataType: '',
};

/** Chunks of a key stream of ETSI GS QKD 004, to both ends. Throws when one does not come. */
export async function giveByStream(
  stage: Stage,
  [a, b]: readonly [Caller, Caller],
  count: number,
  canaries: Canaries,
): Promise<void> {
  const call = async (caller: Caller, message: StreamRequest) => {
    const heard = await call004(stage.identity(caller.saeId), stage.port(caller.site, 'etsi004'), message);
    if (heard === 'handshake') throw new Error('a key stream was closed');
    return heard;
  };
  const open = async (caller: Caller, other: Caller, ksid: string | null): Promise<string> => {
    const [source, destination] = [caller, other].map(({ saeId }) => `qkd://app@${saeId}`) as [string, string];
    const heard = await call(caller, { call: 'open', dialect: 'C', source, destination, qos: QOS, ksid });
    if (heard.call !== 'open' || heard.ksid === null) throw new Error(`no key stream: ${heard.status}`);
    return heard.ksid;
  };
  const ksid = await open(a, b, null);
  await open(b, a, ksid);
  const get = async (caller: Caller, index: number): Promise<Uint8Array> => {
    for (let tries = 1; ; tries++) {
      const heard = await call(caller, { call: 'get', dialect: 'C', ksid, index, metadataRoom: 0 });
      if (heard.call === 'get' && heard.key) return heard.key.open((bytes) => bytes.slice());
      if (tries === TRIES) throw new Error(`a chunk was refused: ${heard.status}`);
      await pause(AGAIN_MS);
    }
  };
  for (let index = 0; index < count; index++) {
    const chunk = await get(a, index);
    if (!Buffer.from(chunk).equals(await get(b, index))) throw new Error('the two ends of a chunk differ');
    canaries.add(chunk);
  }
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
