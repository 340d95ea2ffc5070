/** An agent that is killed at any step: the tunnel is never without a key, and what is started again brings it back. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { documentOf, freePort } from './test/agents.ts';
import { withoutOpenssl } from './test/authority.ts';
import { type KmePair, startKmePair } from './test/kme-pair.ts';
import type { End } from './test/site-pair.ts';

const AGENT = fileURLToPath(new URL('test/crashing-agent.ts', import.meta.url));
const PEER = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=';
const CACHE = fileURLToPath(new URL('../../../../node_modules/.cache/skykey', import.meta.url));
const POINTS: Record<End, readonly string[]> = {
  a: ['shut<', 'shut>', 'install<', 'install>', 'start<', 'start>', 'retire<', 'retire>'],
  b: ['shut<', 'shut>', 'install<', 'install>', 'verify<', 'verify>', 'retire<', 'retire>'],
};

const tunnelFile = (folder: string, end: End): string => join(folder, `tunnel-${end}`);

describe('an agent that is killed', { skip: withoutOpenssl(), concurrency: 2 }, () => {
  let kmes: KmePair;
  const root = mkdtempSync(join(tmpdir(), 'skykey-crash-'));
  const children = new Set<ChildProcess>();

  /** `rotated`: its first key is in use. */
  const run = (
    folder: string,
    end: End,
    point: string,
  ): { child: ChildProcess; gone: Promise<NodeJS.Signals | null>; rotated: Promise<void> } => {
    const child = spawn(process.execPath, [AGENT, join(folder, `${end}.json`), tunnelFile(folder, end), point], {
      stdio: ['ignore', 'pipe', 'inherit'],
      // As `skykey` has it: halves the start.
      env: { ...process.env, NODE_COMPILE_CACHE: CACHE },
    });
    children.add(child);
    const gone = new Promise<NodeJS.Signals | null>((resolve) => child.once('close', (_, signal) => resolve(signal)));
    const rotated = new Promise<void>((resolve) => {
      let text = '';
      child.stdout!.setEncoding('utf8').on('data', (part: string) => {
        text += part;
        if (text.includes('"event":"rotated"')) resolve();
      });
    });
    return { child, gone, rotated };
  };

  before(async () => {
    kmes = await startKmePair();
  });
  after(async () => {
    for (const child of children) child.kill('SIGKILL');
    await kmes?.close();
    rmSync(root, { recursive: true, force: true });
  });

  for (const end of ['a', 'b'] as const) {
    it(`comes back to a working or a closed tunnel (${end === 'a' ? 'leader' : 'follower'})`, async () => {
      const other = end === 'a' ? 'b' : 'a';
      // A pair of agents of its own for each: both are tried at once.
      const folder = join(root, end);
      const held = (one: End): string => readFileSync(tunnelFile(folder, one), 'utf8');
      mkdirSync(folder);
      const port = await freePort();
      for (const one of ['a', 'b'] as const) {
        const memory = join(folder, `${one}.memory`);
        const document = {
          ...documentOf(kmes, one, port, { memory, rotateS: 2 }),
          wireguard: { interface: 'none', peer: PEER },
        };
        writeFileSync(join(folder, `${one}.json`), JSON.stringify(document));
        writeFileSync(tunnelFile(folder, one), 'none');
      }
      const survivor = run(folder, other, '-');
      for (const point of POINTS[end]) {
        const before = held(end);
        assert.equal(await run(folder, end, point).gone, 'SIGKILL', `it got as far as ${point}`);
        if (point !== 'shut<') assert.notEqual(held(end), 'none', point);
        // What began is either not there or whole; a tunnel with a key of unknown age is shut at the next start.
        if (point === 'install<') assert.ok(held(end) === before || held(end).startsWith('shut '), point);
      }
      const last = run(folder, end, '-');
      await Promise.all([last.rotated, survivor.rotated]);
      // The next rotation may be between the two this very moment.
      for (let i = 0; i < 40 && held(end) !== held(other); i++) await pause(50);
      assert.match(held(end), /^[0-9a-f]{64}$/);
      assert.equal(held(end), held(other), 'both ends have the same key');
      const remembered = readFileSync(join(folder, `${end}.memory`), 'utf8');
      assert.match(remembered, /"keyId":"[0-9a-f-]{36}"/);
      // Killed with a key that is young enough: the next one leaves the tunnel as it is.
      last.child.kill('SIGKILL');
      await last.gone;
      const kept = held(end);
      survivor.child.kill('SIGKILL');
      await survivor.gone;
      const alone = run(folder, end, '-');
      await new Promise((resolve) => alone.child.stdout!.once('data', resolve));
      assert.equal(held(end), kept);
      alone.child.kill('SIGKILL');
      await alone.gone;
      // And one that finds a memory too old shuts it.
      writeFileSync(join(folder, `${end}.memory`), remembered.replace(/"sinceMs":\d+/, '"sinceMs":1'));
      const late = run(folder, end, '-');
      await new Promise((resolve) => late.child.stdout!.once('data', resolve));
      assert.match(held(end), /^shut /);
      late.child.kill('SIGKILL');
      await late.gone;
    });
  }
});
