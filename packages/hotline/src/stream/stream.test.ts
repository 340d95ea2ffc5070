import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Line, type Line as Model, type Weather } from './test/line.ts';
import { Seeded } from './test/seeded.ts';

/** Bad days of each kind; many more when time is no matter. */
const DAYS = process.env.SKYKEY_TEST_LONG ? 5000 : 80;
const STORM: Weather = { loss: 0.3, doubling: 0.2, crash: 0.03, outlives: false };
/** So many that what left too early is caught by one of them. */
const CRASHES: Weather = { ...STORM, crash: 0.2, outlives: true };

/** A bad day: texts, packets and time in any order, then a line that is well. `between` is asked at each step. */
function live(
  seed: number,
  steps: number,
  weather: Weather,
  between: (line: Model, seeded: Seeded) => void = () => {},
): Model {
  const seeded = new Seeded(seed);
  const line = new Line(seeded, weather);
  for (let step = 0; step < steps; step++) {
    between(line, seeded);
    const choice = seeded.below(10);
    line.turn++;
    // A clock that is set back now and then costs time and nothing else.
    line.nowMs += seeded.chance(0.02) ? -seeded.below(100_000) : seeded.below(400);
    line.survive(() => {
      if (choice < 2) line.write();
      else if (choice < 5) line.send();
      else line.arrive();
    });
  }
  line.settle();
  check(line);
  return line;
}

/** What holds whatever happened: in order, once, only what was written, every gap counted. */
function check(line: Model): void {
  let before = 0;
  for (const { number, missed, text } of line.receiver.shown) {
    assert.equal(number - before - 1, missed);
    assert.ok(line.written.get(number)?.has(text), `${text} was never written as message ${number}`);
    before = number;
  }
  const texts = line.receiver.shown.map(({ text }) => text);
  assert.equal(new Set(texts).size, texts.length);
}

function shownOf(line: Model): Map<number, string> {
  return new Map(line.receiver.shown.map(({ number, text }) => [number, text]));
}

describe('a stream over a line that loses, doubles and reorders', () => {
  test('delivers everything once and in order, through crashes at any write of either side', () => {
    let crashes = 0;
    let texts = 0;
    for (let seed = 0; seed < DAYS; seed++) {
      const line = live(seed, 250, seed % 2 === 0 ? STORM : CRASHES);
      const { history } = line.sender;
      assert.deepEqual(
        [...shownOf(line)],
        [...history].map(([number, { text }]) => [number, text]),
      );
      assert.ok([...history.values()].every(({ delivered }) => delivered));
      assert.equal(line.missed, 0);
      assert.deepEqual(line.compare(), ['equal', 'equal']);
      crashes += line.crashes;
      texts += history.size;
    }
    assert.ok(crashes > 500 && texts > 2000);
  });

  test('delivers what the sender still has when it was restored from copies, and counts what went with them', () => {
    let restores = 0;
    let gaps = 0;
    for (let seed = 0; seed < DAYS; seed++) {
      let copies: Model['sender'][] = [];
      const line = live(seed, 250, STORM, (running, seeded) => {
        if (seeded.chance(0.03)) copies.push(structuredClone(running.sender));
        if (copies.length > 0 && seeded.chance(0.015)) {
          restores++;
          const at = seeded.below(copies.length);
          running.sender = structuredClone(copies[at]!);
          // A copy that was made in a life that never was any more is another test.
          copies = copies.slice(0, at + 1);
          running.survive(() => running.restart());
        }
      });
      const shown = shownOf(line);
      for (const [number, { text, delivered }] of line.sender.history) {
        assert.ok(delivered);
        assert.equal(shown.get(number), text);
      }
      gaps += line.receiver.shown.reduce((sum, { missed }) => sum + missed, 0);
    }
    assert.ok(restores > 100 && gaps > 15, `${restores} restores, ${gaps} gaps`);
  });

  test('tells a receiver that was restored from copies what it lacks', () => {
    let lacking = 0;
    for (let seed = 0; seed < DAYS; seed++) {
      let copies: Model['receiver'][] = [];
      const line = live(seed, 250, STORM, (running, seeded) => {
        if (seeded.chance(0.03)) copies.push(structuredClone(running.receiver));
        if (copies.length > 0 && seeded.chance(0.015)) {
          const at = seeded.below(copies.length);
          running.receiver = structuredClone(copies[at]!);
          copies = copies.slice(0, at + 1);
          running.survive(() => running.restart());
        }
      });
      const shown = shownOf(line);
      let missing = 0;
      for (const [number, { text, delivered }] of line.sender.history) {
        assert.ok(delivered);
        if (!shown.has(number)) missing++;
        else assert.equal(shown.get(number), text);
      }
      assert.equal(missing, line.receiver.shown.reduce((sum, { missed }) => sum + missed, 0) + line.missed);
      lacking += missing;
    }
    assert.ok(lacking > 15);
  });

  test('loses no text that is written after both were restored, whatever numbers each remembers', () => {
    let restores = 0;
    for (let seed = 0; seed < DAYS; seed++) {
      let copies: { sender: Model['sender']; receiver: Model['receiver'] }[] = [];
      let lastRestore = 0;
      const line = live(seed, 250, STORM, (running, seeded) => {
        const { sender, receiver } = running;
        if (seeded.chance(0.03)) copies.push(structuredClone({ sender, receiver }));
        if (copies.length > 0 && seeded.chance(0.015)) {
          const at = seeded.below(copies.length);
          // Not together: each from its own copy.
          if (seeded.chance(0.8)) running.receiver = structuredClone(copies[at]!.receiver);
          if (seeded.chance(0.8)) running.sender = structuredClone(copies[seeded.below(at + 1)]!.sender);
          copies = [];
          lastRestore = running.turn;
          restores++;
          running.survive(() => running.restart());
        }
      });
      const shown = shownOf(line);
      for (const [number, { text, delivered, turn }] of line.sender.history) {
        assert.ok(delivered);
        if (turn > lastRestore) assert.equal(shown.get(number), text);
      }
    }
    assert.ok(restores > 60);
  });

  test('nobody is told "delivered" of what the other desk does not keep: at each step, not only in the end', () => {
    for (let seed = 200; seed < 230; seed++) {
      live(seed, 250, CRASHES, (line) => {
        for (const [number, { text, delivered }] of line.sender.history) {
          if (delivered) assert.equal(line.receiver.payloads.get(number), text);
        }
        check(line);
      });
    }
  });
});

test('a copy of a life that was given up, restored after another: the transcripts say so, for the numbers cannot', () => {
  const seeded = new Seeded(1);
  const line = new Line(seeded, { loss: 0, doubling: 0, crash: 0, outlives: false });
  const deliver = (): void => {
    line.nowMs += 10_000;
    line.send();
    for (let i = 0; i < 20; i++) line.arrive();
  };
  line.write();
  deliver();
  const early = structuredClone(line.sender);
  line.write();
  const other = structuredClone(line.sender);
  // The early copy gives message 2 to another text …
  line.sender = structuredClone(early);
  line.restart();
  line.write();
  deliver();
  assert.deepEqual(line.compare(), ['equal', 'equal']);
  // … and the later copy remembers its own message 2, which it would take for delivered.
  line.sender = other;
  line.restart();
  assert.deepEqual(line.compare(), ['mismatch', 'mismatch']);
});
