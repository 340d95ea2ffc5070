import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ScenarioDocument } from '@skykey/scenario';
import { skykey } from './test/command.ts';

const SHIPPED = fileURLToPath(new URL('../../scenario/data/micius-2016-12-19.json', import.meta.url));

describe('bad input gets one sentence, a non-zero exit and no trace', { concurrency: 2 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'skykey-refusals-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  async function refused(args: string[], ...expected: RegExp[]): Promise<void> {
    const { code, stdout, stderr } = await skykey(args, { cwd: folder });
    assert.notEqual(code, 0, `${args.join(' ')} succeeded`);
    assert.equal(stdout.includes('at '), false);
    assert.doesNotMatch(stderr, /\n\s+at /, 'a stack trace is not for people');
    for (const pattern of expected) assert.match(stderr, pattern);
  }

  function edited(name: string, edit: (document: ScenarioDocument) => void): string {
    const document = JSON.parse(readFileSync(SHIPPED, 'utf8')) as ScenarioDocument;
    edit(document);
    const file = join(folder, name);
    writeFileSync(file, JSON.stringify(document));
    return file;
  }

  it('unknown scenario', () => refused(['pass', '--scenario', 'sputnik'], /sputnik/, /micius-2016-12-19/));

  it('broken elements', () => {
    const file = edited('elements.json', (document) => {
      const { orbit } = document.satellites[0]!;
      assert.ok(orbit.kind === 'elements');
      orbit.lines.value[1] = orbit.lines.value[1].replace(/.$/, '0');
    });
    return refused(['passes', '--scenario', file], /orbit\.lines/, /checksum/);
  });

  it('a station at latitude 123', () => {
    const file = edited('latitude.json', (document) => {
      document.stations[0]!.latitudeDeg.value = 123;
    });
    return refused(['passes', '--scenario', file], /latitudeDeg/, /90/);
  });

  it('an attack nobody knows', () => refused(['pass', '--attack', 'magic'], /magic/, /intercept-resend/));
  it('a fraction above one', () => refused(['pass', '--attack', 'intercept-resend', '--fraction', '2'], /fraction/));
  it('a time without zone', () => refused(['passes', '--from', '2016-12-19T12:00'], /--from/, /zone/));
  it('an unknown station', () => refused(['passes', '--station', 'atlantis'], /atlantis/, /xinglong/));
  it('an unknown command', () => refused(['conquer'], /unknown command/));

  it('a port in use', async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen({ port: 0, host: '127.0.0.1' }, resolve));
    const { port } = blocker.address() as { port: number };
    try {
      await refused(
        ['up', '--port', String(port), '--data', join(folder, 'data')],
        new RegExp(`port ${port}`),
        /--port/,
      );
    } finally {
      blocker.close();
    }
  });

  it('a data folder in use by a living process, and none by a dead one', async () => {
    const data = join(folder, 'locked');
    mkdirSync(data);
    writeFileSync(join(data, 'skykey.lock'), String(process.pid));
    await refused(['up', '--port', '23560', '--data', data], new RegExp(`process ${process.pid}`), /--data/);
    assert.deepEqual(readdirSync(data), ['skykey.lock'], 'nothing was written');
    writeFileSync(join(data, 'skykey.lock'), '4194304');
    const second = await skykey(['up', '--port', '23560', '--data', data], { cwd: folder, interruptAt: /Ctrl-C/ });
    assert.equal(second.code, 130, second.stderr);
    assert.equal(existsSync(join(data, 'skykey.lock')), false);
  });

  it('a corrupt vault, or one of an older version: the process says so, nothing starts, and the file stays as it was', async () => {
    const data = join(folder, 'corrupt');
    const first = await skykey(['up', '--port', '23460', '--data', data, '--seed', '1'], {
      cwd: folder,
      interruptAt: /Ctrl-C/,
    });
    assert.equal(first.code, 130, first.stderr);
    const vault = join(data, 'beijing.vault');
    // A process that took too long to end has left a log, which would mend what is damaged here.
    const file = new DatabaseSync(vault);
    file.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    file.close();
    const whole = readFileSync(vault);
    const bytes = Buffer.from(whole);
    bytes.fill(0x5a, 4096, 8192);
    // The format stands at byte 60 of the file (sqlite.org/fileformat2.html, 1.3): the one before this.
    const older = Buffer.from(whole);
    older.writeUInt32BE(1, 60);
    for (const [content, ...words] of [
      [bytes, /beijing/, /vault/],
      [older, /beijing/, /format 1/, /choose another folder with --data/],
    ] as const) {
      writeFileSync(vault, content);
      await refused(['up', '--port', '23460', '--data', data], ...words);
      assert.deepEqual(readFileSync(vault), content);
    }
  });
});
