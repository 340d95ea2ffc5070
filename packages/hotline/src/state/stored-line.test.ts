import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HotlineError } from '../error.ts';
import { readLine, storeLine } from './stored-line.ts';
import { Desk, EPOCHS, hoursOfKey, JAM, MINUTE, Pair, TAP } from './test/desk.ts';

/** Lines with something in every field. */
function states() {
  const pair = Pair.running();
  pair.beijing.is({ type: 'alarm', alarm: TAP });
  pair.talk().approveAll().agree(pair.beijing.nowMs).talk();
  for (const desk of pair.desks) desk.counts(hoursOfKey(12)).is({ type: 'record', wants: true });
  pair.talk();
  const calm = pair.beijing.state;
  pair.moscow.is({ type: 'alarm', alarm: JAM });
  pair.talk();
  pair.moscow.approves('pia');
  pair.moscow.nowMs -= 60 * MINUTE;
  pair.talk();
  pair.moscow.is({ type: 'started', restored: true });
  return [new Desk(2).state, Pair.running().moscow.state, calm, pair.beijing.state, pair.moscow.state];
}

test('a line reads back from the store as it was, and goes on', () => {
  for (const state of states()) {
    const copy = readLine(storeLine(state));
    assert.deepEqual(copy, state);
    const [one, other] = [new Desk(1), new Desk(1)];
    one.state = state;
    other.state = copy;
    one.nowMs = other.nowMs = state.clock.nowMs;
    assert.deepEqual(
      one.is({ type: 'alarm', alarm: TAP }).consequences,
      other.is({ type: 'alarm', alarm: TAP }).consequences,
    );
    assert.deepEqual(one.state, other.state);
  }
});

test('anything else is refused with a sentence, whichever field is missing or of another kind', () => {
  const refused = (text: string): void => {
    assert.throws(
      () => readLine(text),
      (error: HotlineError) =>
        error instanceof HotlineError && error.code === 'hotline/store' && /restore it from a copy/.test(error.message),
      text.slice(0, 200),
    );
  };
  for (const text of ['', '{', 'null', '[]', '7', '{"version":1}']) refused(text);
  let fields = 0;
  for (const state of states()) {
    const whole = JSON.parse(storeLine(state));
    const paths: string[][] = [];
    const walk = (value: unknown, path: string[]): void => {
      if (path.length > 0) paths.push(path);
      if (typeof value === 'object' && value !== null)
        for (const [key, item] of Object.entries(value)) walk(item, [...path, key]);
    };
    walk(whole, []);
    for (const path of paths) {
      for (const wrong of [undefined, { a: 1 }, -1.5, [[]]]) {
        const copy = structuredClone(whole);
        const parent = path.slice(0, -1).reduce((value, key) => value[key], copy);
        if (Array.isArray(parent) && wrong === undefined) continue;
        parent[path.at(-1)!] = wrong;
        refused(JSON.stringify(copy));
        fields++;
      }
    }
  }
  assert.ok(fields > 500);
});

test('a state handed in is never changed', () => {
  const freeze = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
    Object.freeze(value);
    for (const item of Object.values(value)) freeze(item);
  };
  for (const state of states()) {
    freeze(state);
    const desk = new Desk(1);
    desk.state = state;
    desk.nowMs = state.clock.nowMs + 1;
    desk
      .is({ type: 'alarm', alarm: { ...JAM, id: 'another' } })
      .approves('ann')
      .counts(5)
      .after(20_000);
    desk.is({ type: 'started', restored: true }).is({ type: 'epoch', id: EPOCHS[5]!, qkdMadeAtMs: 1, reopens: null });
  }
});
