import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CHUNK_BYTES, chunkCount } from './chunked.ts';
import { Day, sameFile } from './test/day.ts';
import { patternBytes, SeededChance } from './test/random.ts';

const DAYS = process.env.SKYKEY_TEST_LONG ? 5_000 : 120;

describe('a file over a good line', () => {
  for (const bytes of [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 100 * CHUNK_BYTES + 5]) {
    it(`of ${bytes} bytes arrives, each chunk asked for, sent and written once`, () => {
      const day = new Day({ seed: bytes, file: patternBytes(bytes, 1) });
      day.run();
      assert.deepEqual([day.sender.stage, day.receiver.stage], ['done', 'done']);
      assert.ok(sameFile(day.delivered, day.original));
      const chunks = chunkCount(bytes);
      assert.deepEqual(day.counts, { writes: chunks, asked: chunks, sent: chunks, crashes: 0 });
      assert.deepEqual(day.sender.progress, { chunks, of: chunks });
    });
  }
});

describe('a file over a line that loses, doubles and reorders, between desks that die', () => {
  it(`arrives whole in ${DAYS} bad days`, () => {
    let crashes = 0;
    for (let seed = 1; seed <= DAYS; seed++) {
      const chance = new SeededChance(seed);
      // Every second length lies at a chunk border.
      const bytes = chance.below(24) * CHUNK_BYTES + (seed % 2 ? chance.below(3) : chance.below(CHUNK_BYTES));
      const day = new Day({
        seed,
        file: patternBytes(bytes, seed),
        loss: chance.below(30) / 100,
        double: chance.below(30) / 100,
        delayMs: 1 + chance.below(600),
        crash: 0.03,
        crashes: 4,
        window: [1, 4, 64][seed % 3]!,
      });
      day.run();
      const found = `seed ${seed}: ${day.sender.stage}, ${day.receiver.stage}, ${day.nowMs} ms`;
      assert.deepEqual([day.sender.stage, day.receiver.stage], ['done', 'done'], found);
      assert.ok(sameFile(day.delivered, day.original), found);
      assert.equal(day.everWritten.size, chunkCount(bytes), found);
      crashes += day.counts.crashes;
    }
    assert.ok(crashes > DAYS, `${crashes} crashes are enough to mean something`);
  });

  it('goes on where it was after a connection that was cut for ten minutes', () => {
    const file = patternBytes(200 * CHUNK_BYTES, 3);
    let cut = false;
    const options = { seed: 3, file, delayMs: 20 };
    const day = new Day({
      ...options,
      get loss() {
        return cut ? 1 : 0;
      },
    });
    day.at(60, () => {
      cut = true;
    });
    day.at(600_060, () => {
      assert.ok(day.receiver.stalled, 'it has given up asking');
      assert.match(day.receiver.sentence, /does not answer; the file goes on when it is back/);
      assert.ok(day.receiver.progress.chunks > 0);
      cut = false;
      day.asSender((sender) => sender.reconnected(day.nowMs));
      day.asReceiver((receiver) => receiver.reconnected(day.nowMs));
    });
    day.run();
    assert.ok(sameFile(day.delivered, file));
    assert.equal(day.counts.writes, 201, 'nothing was written twice');
  });
});

describe('a file that changes while it is sent', () => {
  const changes: Record<string, (file: Uint8Array, at: number) => Uint8Array> = {
    'has one other bit': (file, at) => {
      const changed = file.slice();
      changed[at]! ^= 1;
      return changed;
    },
    grows: (file) => new Uint8Array(Buffer.concat([file, Uint8Array.of(1)])),
    shrinks: (file) => file.slice(0, -1),
    'is replaced': (file) => patternBytes(file.length, 99),
  };
  for (const [name, change] of Object.entries(changes)) {
    it(`and ${name}: both desks say so, nothing is delivered, or all of it was read before`, () => {
      let noticed = 0;
      for (let seed = 1; seed <= 25; seed++) {
        const chance = new SeededChance(seed);
        const file = patternBytes(12 * CHUNK_BYTES + 9, seed);
        const day = new Day({ seed, file, loss: 0.1, delayMs: 200, window: 4, crash: 0.01, crashes: 2 });
        day.at(chance.below(1500), () => {
          day.file = change(file, chance.below(file.length));
        });
        day.run();
        if (day.delivered) assert.ok(sameFile(day.delivered, file));
        else {
          noticed++;
          assert.deepEqual([day.sender.stage, day.receiver.stage], ['changed', 'changed'], `seed ${seed}`);
          assert.equal(day.partial, null, 'what had arrived is thrown away');
          assert.match(day.sender.sentence, /changed while it was being sent.*offer it again/);
          assert.match(day.receiver.sentence, /changed on the other desk.*ask for it again/);
        }
      }
      assert.ok(noticed >= 5, `noticed ${noticed} times`);
    });
  }
});

describe('a full disk', () => {
  it('holds the file up with a sentence, and it goes on when there is room', () => {
    for (let seed = 1; seed <= 8; seed++) {
      const file = patternBytes(40 * CHUNK_BYTES, seed);
      const day = new Day({ seed, file, room: 5 * (seed % 4), loss: 0.05, double: 0.1, delayMs: 50, crash: 0.01 });
      day.run(() => day.receiver.paused === 'disk-full');
      assert.equal(day.receiver.paused, 'disk-full');
      assert.match(day.receiver.sentence, /make room for [01] MB, then resume\. What has arrived is kept/);
      day.at(day.nowMs + 200_000, () => {
        assert.equal(day.receiver.stage, 'receiving', 'it waits');
        if (day.counts.crashes === 0) assert.match(day.sender.sentence, /disk of the other desk is full|^$/);
        day.room = Infinity;
        day.asReceiver((receiver) => receiver.resume(day.nowMs));
      });
      // A crash may forget that someone has resumed: whoever looks sees it, and does it again.
      day.at(day.nowMs + 400_000, () => day.asReceiver((receiver) => receiver.resume(day.nowMs)));
      day.run();
      assert.ok(sameFile(day.delivered, file), `seed ${seed}: ${day.sender.stage}, ${day.receiver.stage}`);
    }
  });
});

describe('a person who', () => {
  it('pauses on either side stops it, and resumes it', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const file = patternBytes(30 * CHUNK_BYTES, seed);
      const day = new Day({ seed, file, loss: 0.2, double: 0.2, delayMs: 300, window: 8 });
      const here = seed % 2 === 0;
      day.at(300, () => (here ? day.asReceiver((r) => r.pause()) : day.asSender((s) => s.pause())));
      let before = 0;
      day.at(30_000, () => {
        before = day.receiver.progress.chunks;
      });
      day.at(200_000, () => {
        assert.ok(before < 31, `seed ${seed}: not over before the pause`);
        assert.equal(day.receiver.progress.chunks, before, 'nothing moves');
        if (here) day.asReceiver((r) => r.resume(day.nowMs));
        else day.asSender((s) => s.resume(day.nowMs));
      });
      day.run();
      assert.ok(sameFile(day.delivered, file), `seed ${seed}: ${day.sender.stage}, ${day.receiver.stage}`);
    }
  });

  it('cancels at any moment on either side, or both: both end, nothing is left, nothing delivered is lost', () => {
    const ends = new Map<string, number>();
    for (let seed = 1; seed <= 80; seed++) {
      const chance = new SeededChance(seed);
      const file = patternBytes(6 * CHUNK_BYTES, seed);
      const day = new Day({ seed, file, loss: 0.2, double: 0.2, delayMs: 200, window: 2, crash: 0.01, crashes: 1 });
      const ms = chance.below(12_000);
      if (seed % 3 !== 0) day.at(ms, () => day.asReceiver((receiver) => receiver.cancel()));
      if (seed % 3 !== 1) day.at(ms + chance.below(50), () => day.asSender((sender) => sender.cancel()));
      day.run();
      const stages = `${day.sender.stage} ${day.receiver.stage}`;
      ends.set(stages, (ends.get(stages) ?? 0) + 1);
      if (day.delivered) assert.ok(day.receiver.stage === 'done' && sameFile(day.delivered, file));
      else {
        assert.equal(stages, 'cancelled cancelled', `seed ${seed}`);
        assert.equal(day.partial, null);
      }
    }
    assert.ok((ends.get('cancelled cancelled') ?? 0) > 20 && (ends.get('done done') ?? 0) > 3, String([...ends]));
  });
});
