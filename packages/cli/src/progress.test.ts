import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Progress } from './progress.ts';

function scene(isTTY: boolean) {
  const written: string[] = [];
  let nowMs = 0;
  const terminal = { isTTY, write: (text: string) => written.push(text) };
  return { written, progress: new Progress(terminal, () => nowMs), wait: (ms: number) => (nowMs += ms) };
}

describe('progress', () => {
  it('is silent for two seconds, speaks five times a second at most, and leaves nothing behind', () => {
    const { written, progress, wait } = scene(true);
    wait(1999);
    progress.report(0.1, 'the work');
    assert.deepEqual(written, []);
    wait(1);
    progress.report(0.2, 'the work');
    progress.report(0.21, 'the work');
    wait(199);
    progress.report(0.3, 'the work');
    wait(1);
    progress.report(0.4, 'the work');
    assert.deepEqual(written, ['\r\x1b[K 20 % of the work', '\r\x1b[K 40 % of the work']);
    progress.end();
    progress.end();
    assert.deepEqual(written.slice(2), ['\r\x1b[K']);
    assert.equal(progress.elapsedS, 2.2);
  });

  it('says nothing where nobody sits', () => {
    const { written, progress, wait } = scene(false);
    wait(60_000);
    progress.report(0.5, 'the work');
    progress.end();
    assert.deepEqual(written, []);
  });
});
