import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { execPath } from 'node:process';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Place, textOf } from './test/place.ts';

const WRITER = fileURLToPath(new URL('./test/writer.ts', import.meta.url));

/** Kills the writer as soon as it has told so many commits; the last number it told. */
async function killAfter(place: Place, commits: number): Promise<number> {
  const writer = spawn(execPath, [WRITER, place.folder, place.witness], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(writer, 'exit');
  let last = 0;
  let told = 0;
  for await (const line of createInterface(writer.stdout)) {
    last = Number(line);
    if (++told === commits) writer.kill('SIGKILL');
  }
  const [, signal] = await ended;
  assert.equal(signal, 'SIGKILL', 'it wrote until it was killed');
  return last;
}

test('a process that is killed in the middle of writing leaves whole commits, and all that it had promised', async (t) => {
  const place = new Place(t);
  for (const commits of [1, 6, 45]) {
    const told = await killAfter(place, commits);
    const store = await place.open();
    const number = Number(textOf(store.get('number')));
    assert.ok(number >= told, `${told} was promised, ${number} is there`);
    assert.deepEqual([store.all('outbox/').size, store.history.count()], [number, number]);
    assert.deepEqual(
      store.history.page({ limit: 1 }).messages.map((each) => each.number),
      [number],
    );
    const newest = Math.max(...store.files.list().map(({ progress }) => Number(textOf(progress))));
    assert.equal(newest, number);
    assert.equal(store.restored, false, 'a crash is not taken for a restored copy');
    await store.close();
  }
});
