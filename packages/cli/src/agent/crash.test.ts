/** An agent that is killed at any step: the tunnel is never without a key, and what is started again brings it back. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
const POINTS: Record<End, readonly string[]> = {
  a: ['shut<', 'shut>', 'install<', 'install>', 'start<', 'start>', 'retire<', 'retire>'],
  b: ['shut<', 'shut>', 'install<', 'install>', 'verify<', 'verify>', 'retire<', 'retire>'],
};

describe('an agent that is killed', { skip: withoutOpenssl() }, () => {
  let kmes: KmePair;
  let port: number;
  const folder = mkdtempSync(join(tmpdir(), 'skykey-crash-'));
  const children = new Set<ChildProcess>();
  const tunnelFile = (end: End): string => join(folder, `tunnel-${end}`);
  const held = (end: End): string => readFileSync(tunnelFile(end), 'utf8');

  /** `rotated`: its first key is in use. */
  const run = (
    end: End,
    point: string,
  ): { child: ChildProcess; gone: Promise<NodeJS.Signals | null>; rotated: Promise<void> } => {
    const child = spawn(process.execPath, [AGENT, join(folder, `${end}.json`), tunnelFile(end), point], {
      stdio: ['ignore', 'pipe', 'inherit'],
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
    port = await freePort();
    for (const end of ['a', 'b'] as const) {
      const memory = join(folder, `${end}.memory`);
      const document = {
        ...documentOf(kmes, end, port, { memory, rotateS: 2 }),
        wireguard: { interface: 'none', peer: PEER },
      };
      writeFileSync(join(folder, `${end}.json`), JSON.stringify(document));
    }
  });
  after(async () => {
    for (const child of children) child.kill('SIGKILL');
    await kmes?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const end of ['a', 'b'] as const) {
    it(`comes back to a working or a closed tunnel (${end === 'a' ? 'leader' : 'follower'})`, async () => {
      const other = end === 'a' ? 'b' : 'a';
      for (const one of ['a', 'b'] as const) {
        writeFileSync(tunnelFile(one), 'none');
        rmSync(join(folder, `${one}.memory`), { force: true });
      }
      const survivor = run(other, '-');
      for (const point of POINTS[end]) {
        const before = held(end);
        assert.equal(await run(end, point).gone, 'SIGKILL', `it got as far as ${point}`);
        if (point !== 'shut<') assert.notEqual(held(end), 'none', point);
        // What began is either not there or whole; a tunnel with a key of unknown age is shut at the next start.
        if (point === 'install<') assert.ok(held(end) === before || held(end).startsWith('shut '), point);
      }
      const last = run(end, '-');
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
      const alone = run(end, '-');
      await new Promise((resolve) => alone.child.stdout!.once('data', resolve));
      assert.equal(held(end), kept);
      alone.child.kill('SIGKILL');
      await alone.gone;
      // And one that finds a memory too old shuts it.
      writeFileSync(join(folder, `${end}.memory`), remembered.replace(/"sinceMs":\d+/, '"sinceMs":1'));
      const late = run(end, '-');
      await new Promise((resolve) => late.child.stdout!.once('data', resolve));
      assert.match(held(end), /^shut /);
      late.child.kill('SIGKILL');
      await late.gone;
    });
  }
});
