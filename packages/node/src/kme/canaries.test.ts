import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { getuid, pid, platform } from 'node:process';
import { after, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { PostgresServer, whyNoServer } from '../chaos/postgres-server.ts';
import { Canaries } from '../trial/canaries.ts';
import { memoryOf } from '../trial/memory.ts';
import { NAME_BYTES } from './courier.ts';
import { Caller } from './trial/caller.ts';
import { KmeProcess } from './trial/kme-process.ts';
import { filesBelow, giveBySkip, giveByStream, giveKeys, marksIn } from './trial/secrets.ts';
import { Stage, seededKey } from './trial/stage.ts';

const COMMAND = [process.execPath, fileURLToPath(new URL('../../../cli/bin/skykey.js', import.meta.url))];
const KEYS = 1000;
/** Overwritten bytes leave the log of the store with the next tick, at the latest so long after. */
const SCRUBBED_MS = 2500;
const noMemory = platform !== 'linux' || getuid?.() !== 0 ? 'to look into another process takes Linux and root' : false;

const folder = mkdtempSync(join(tmpdir(), 'skykey-canaries-'));
after(() => rmSync(folder, { recursive: true, force: true }));

describe('keys that were given', { timeout: 240_000 }, () => {
  test('are in no file, log or page of memory of the two key managers', async (t) => {
    const stage = await buildStage('sqlite');
    const [alpha, beta] = await start(stage);
    const callers = [new Caller(stage, 'a1'), new Caller(stage, 'b1')] as const;
    t.after(async () => {
      for (const caller of callers) caller.close();
      await Promise.all([alpha.end(), beta.end()]);
    });
    const { canaries, keyIds } = await giveKeys(callers, KEYS);
    await giveBySkip(callers, 20, canaries);
    await giveByStream(stage, callers, 20, canaries);
    for (const site of ['alpha', 'beta']) await rotate(stage, site);
    await pause(SCRUBBED_MS);

    const files = ['alpha', 'beta'].flatMap((site) => filesBelow(stage.path(site)));
    assert.ok(files.some((file) => file.endsWith('vault.db')));
    assert.deepEqual(marksIn(files, canaries), {});
    assert.deepEqual(marksIn(files, couriered(stage)), {}, 'nor is what was not given yet');
    assert.ok(
      readFileSync(stage.path('alpha', 'vault.db')).includes(keyIds[0]!),
      'the id of a key is found where its bytes are not',
    );
    for (const process of [alpha, beta]) {
      assert.ok(process.stderr.length > 1000, 'it writes its log');
      assert.equal(canaries.count(Buffer.from(process.stdout + process.stderr)), 0);
      if (noMemory) t.diagnostic(noMemory);
      else {
        const { raw, hex, base64 } = canaries.find(memoryOf(process.pid!));
        assert.deepEqual({ raw: raw.length, hex: hex.length, base64: base64.length }, { raw: 0, hex: 0, base64: 0 });
      }
    }
    if (!noMemory) assert.ok(canaries.count(memoryOf(pid)) > KEYS, 'they are in the memory of whoever got them');
  });

  test('are in no file of a PostgreSQL server', { skip: whyNoServer() ?? false }, async (t) => {
    const server = await PostgresServer.start(tmpdir());
    t.after(() => server.stop());
    const stage = await buildStage('postgres');
    const data = dirname(server.socketPath);
    writeFileSync(stage.path('connection'), `postgres://skykey@/postgres?host=${encodeURIComponent(data)}\n`);
    const vault = { kind: 'postgres', connection: { file: stage.path('connection') }, name: 'alpha' };
    stage.configure('alpha', { vault });
    const [alpha, beta] = await start(stage);
    const callers = [new Caller(stage, 'a1'), new Caller(stage, 'b1')] as const;
    t.after(async () => {
      for (const caller of callers) caller.close();
      await Promise.all([alpha.end(), beta.end()]);
    });
    const { canaries, keyIds } = await giveKeys(callers, 200);
    await rotate(stage, 'alpha');
    const files = filesBelow(data);
    // The write-ahead log has every row that was ever written, whether its table was written out or not.
    assert.ok(
      files.some((file) => readFileSync(file).includes(keyIds[0]!)),
      'the id of a key is found',
    );
    assert.deepEqual(marksIn(files, canaries), {});
    assert.deepEqual(marksIn(files, couriered(stage)), {}, 'nor is what was not given yet');
  });

  test('would be found: in every form, wherever they begin', () => {
    const key = seededKey(32, 'a canary');
    const canaries = new Canaries();
    canaries.add(key);
    const forms = [
      Buffer.from(key),
      Buffer.from(Buffer.from(key).toString('hex')),
      Buffer.from(Buffer.from(key).toString('base64')),
    ];
    for (const [i, form] of forms.entries()) {
      for (let before = 0; before < 9; before++) {
        const { raw, hex, base64 } = canaries.find(Buffer.concat([Buffer.alloc(before, 7), form, Buffer.alloc(3)]));
        assert.deepEqual(
          [raw.length, hex.length, base64.length].map((count) => count > 0),
          [0, 1, 2].map((j) => j === i),
        );
      }
    }
    assert.equal(canaries.count(Buffer.from(key).subarray(4, 19)), 1, 'a piece of 15 bytes is enough');
    assert.equal(canaries.count(Buffer.from(seededKey(100_000, 'another'))), 0);
  });
});

/** All key that the sites were brought, but for the name at its head. */
function couriered(stage: Stage): Canaries {
  const canaries = new Canaries();
  canaries.add(stage.courierBytes('alpha', 'beta').subarray(NAME_BYTES));
  return canaries;
}

function buildStage(name: string): Promise<Stage> {
  return Stage.build({
    ...{ folder: join(folder, name), seed: `canaries ${name}`, courierBytes: 96 * 1024 },
    saes: { a1: 'alpha', b1: 'beta' },
    couriers: [['alpha', 'beta']],
    pairs: [['a1', 'b1']],
    doors: ['etsi014', 'peers', 'operations', 'skip', 'etsi004'],
  });
}

async function start(stage: Stage): Promise<[KmeProcess, KmeProcess]> {
  const processes = ['alpha', 'beta'].map(
    (site) => new KmeProcess({ command: COMMAND, config: stage.path(`${site}.json`) }),
  ) as [KmeProcess, KmeProcess];
  for (const process of processes) assert.ok(await process.ready, process.stdout + process.stderr);
  return processes;
}

async function rotate(stage: Stage, site: string): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${stage.port(site, 'operations')}/api/vault/rotate`, {
    ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' },
  });
  assert.equal(response.status, 200);
}
