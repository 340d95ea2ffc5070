import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type ClockPlan, MissionClock } from './clock.ts';

/** Fast but for the minutes from 100 to 200 and from 500 to 600, which must be entered exactly. */
const MINUTE = 60_000;
const SLOW = [
  [100 * MINUTE, 200 * MINUTE],
  [500 * MINUTE, 600 * MINUTE],
] as const;
const PLAN: ClockPlan = {
  autoSpeed: (utcMs) => (SLOW.some(([from, to]) => utcMs >= from && utcMs < to) ? 12 : 1200),
  nextSlowdownMs: (utcMs) => SLOW.find(([from]) => from > utcMs)?.[0] ?? Number.POSITIVE_INFINITY,
  endMs: 1000 * MINUTE,
  endReason: 'the mission ends here',
};
const clockAt = (utcMs: number): MissionClock => new MissionClock(utcMs, PLAN);
const tick = (clock: MissionClock, elapsedMs: number): void => clock.moveTo(clock.target(elapsedMs));

describe('mission time', () => {
  it('runs at a multiple of wall time', () => {
    const clock = clockAt(0);
    tick(clock, 100);
    assert.equal(clock.utcMs, 120_000);
    clock.setSpeed(3);
    tick(clock, 100);
    assert.equal(clock.utcMs, 120_300);
  });

  it('never goes back, whatever is done to it', () => {
    const act = fc.oneof(
      fc.record({ act: fc.constant('tick' as const), value: fc.double({ min: 0, max: 500, noNaN: true }) }),
      fc.record({ act: fc.constant('move' as const), value: fc.double({ min: -1e9, max: 1e9, noNaN: true }) }),
      fc.record({ act: fc.constant('speed' as const), value: fc.constantFrom(null, 0.001, 1, 10_000) }),
      fc.record({ act: fc.constant('pause' as const), value: fc.boolean() }),
    );
    const start = fc.double({ min: 0, max: 2 * PLAN.endMs, noNaN: true });
    fc.assert(
      fc.property(start, fc.array(act, { maxLength: 60 }), (from, acts) => {
        const clock = clockAt(from);
        for (const step of acts) {
          const before = clock.utcMs;
          if (step.act === 'tick') {
            assert.ok(clock.target(step.value) >= before);
            tick(clock, step.value);
          }
          if (step.act === 'move') clock.moveTo(step.value);
          if (step.act === 'speed') clock.setSpeed(step.value);
          if (step.act === 'pause') clock.pause(step.value);
          assert.ok(clock.utcMs >= before);
          assert.ok(clock.utcMs <= Math.max(from, PLAN.endMs));
        }
      }),
      { seed: 21, numRuns: 300 },
    );
  });

  it('stands still while it is paused, and goes on at the speed it had', () => {
    const clock = clockAt(0);
    clock.setSpeed(7);
    clock.pause(true);
    tick(clock, 1000);
    assert.equal(clock.utcMs, 0);
    assert.deepEqual(clock.state(), { mode: 'fixed', paused: true, speed: 0 });
    clock.pause(false);
    assert.deepEqual(clock.state(), { mode: 'fixed', paused: false, speed: 7 });
  });
});

describe('the automatic speed', () => {
  it('falls exactly where the plan says, however long a tick is', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.1, max: 400, noNaN: true }), { minLength: 400 }), (ticks) => {
        const clock = clockAt(0);
        const entered = new Set<number>();
        for (const elapsedMs of ticks) {
          const before = clock.utcMs;
          tick(clock, elapsedMs);
          for (const [from] of SLOW) {
            assert.ok(!(before < from && clock.utcMs > from), 'a tick jumped into a slow time');
            if (clock.utcMs === from) entered.add(from);
          }
        }
        assert.equal(entered.size, SLOW.filter(([from]) => clock.utcMs >= from).length);
      }),
      { seed: 22, numRuns: 20 },
    );
  });

  it('is what the plan says of the present moment', () => {
    for (const [minute, speed] of [
      [99, 1200],
      [100, 12],
      [199, 12],
      [200, 1200],
    ] as const) {
      assert.deepEqual(clockAt(minute * MINUTE).state(), { mode: 'auto', paused: false, speed });
    }
  });

  it('yields to a speed that somebody chose, until it is called back', () => {
    const clock = clockAt(99 * MINUTE);
    clock.setSpeed(10_000);
    tick(clock, 400);
    assert.ok(clock.utcMs > 100 * MINUTE);
    assert.equal(clock.state().mode, 'fixed');
    clock.setSpeed(null);
    assert.deepEqual(clock.state(), { mode: 'auto', paused: false, speed: 12 });
  });
});

describe('the end of the mission', () => {
  it('is reached exactly and never passed, and the reason is told', () => {
    const clock = clockAt(PLAN.endMs - 1);
    assert.equal(clock.state().stopped, undefined);
    clock.setSpeed(10_000);
    tick(clock, 400);
    assert.equal(clock.utcMs, PLAN.endMs);
    clock.moveTo(PLAN.endMs + 1);
    assert.equal(clock.utcMs, PLAN.endMs);
    assert.deepEqual(clock.state(), { mode: 'fixed', paused: false, speed: 0, stopped: 'the mission ends here' });
  });

  it('stops a clock that was remembered beyond it', () => {
    const clock = clockAt(PLAN.endMs + 5);
    assert.equal(clock.target(1000), PLAN.endMs + 5);
    assert.equal(clock.state().stopped, 'the mission ends here');
  });
});
