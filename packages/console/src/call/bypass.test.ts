import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BypassWatch, type Carried, type Tally } from './bypass.ts';

function tally(seal: number, open: number, picture = false): Tally {
  return {
    seal: { audio: picture ? 0 : seal, video: picture ? seal : 0 },
    open: { audio: picture ? 0 : open, video: picture ? open : 0 },
  };
}

const carried = (packets: Tally, decoded = 0): Carried => ({ packets, decoded });

/** Looks every 500 ms for 10 s; what it said last, and when it first said anything. */
function watched(at: (n: number) => readonly [Carried, Tally]): readonly [string, number | null] {
  const watch = new BypassWatch();
  let first: number | null = null;
  let said = 'none';
  for (let n = 0; n <= 20; n++) {
    const [browser, worker] = at(n);
    said = watch.after(browser, worker, n * 500);
    if (said !== 'none') first ??= n * 500;
  }
  return [said, first];
}

describe('frames past the worker', () => {
  for (const picture of [false, true]) {
    const what = picture ? 'picture' : 'voice';
    it(`${what} that leaves unsealed is found within three seconds`, () => {
      const [said, first] = watched((n) => [carried(tally(n * 25, 0, picture)), tally(0, 0)]);
      assert.equal(said, 'leak');
      assert.ok(first !== null && first <= 3000);
    });

    it(`${what} that begins to leave unsealed in mid-call is found`, () => {
      const [said] = watched((n) => [carried(tally(n * 25, 0, picture)), tally(Math.min(n, 8) * 25, 0, picture)]);
      assert.equal(said, 'leak');
    });

    it(`${what} that comes and does not reach the worker is found`, () => {
      const [said] = watched((n) => [carried(tally(0, n * 25, picture)), tally(0, Math.min(n, 8) * 25, picture)]);
      assert.equal(said, 'deaf');
    });
  }

  it('a picture that is shown and was never opened is a leak', () => {
    const [said] = watched((n) => [carried(tally(0, n, true), n * 5), tally(0, 0)]);
    assert.equal(said, 'leak');
  });
});

describe('a call in which all is well', () => {
  it('is not disturbed: everything that moves is seen', () => {
    for (const picture of [false, true]) {
      const [, first] = watched((n) => {
        const counts = tally(n * 25, n * 24, picture);
        return [carried(counts, picture ? n * 24 : 0), counts];
      });
      assert.equal(first, null);
    }
  });

  it('may rest, be muted without packets, and be slow', () => {
    assert.equal(watched(() => [carried(tally(500, 500), 100), tally(480, 470)])[1], null);
    // The worker's counts come late, and a few packets are no frames.
    assert.equal(watched((n) => [carried(tally(n * 2, n * 2)), tally(n % 4 === 0 ? n : n - (n % 4), n)])[1], null);
  });

  it('begins again with a new connection, whose counts are small', () => {
    const watch = new BypassWatch();
    watch.after(carried(tally(5000, 5000)), tally(4000, 4000), 0);
    watch.forget();
    assert.equal(watch.after(carried(tally(10, 10)), tally(4000, 4000), 2000), 'none');
    assert.equal(watch.after(carried(tally(25, 25)), tally(4000, 4000), 5000), 'none');
  });
});
