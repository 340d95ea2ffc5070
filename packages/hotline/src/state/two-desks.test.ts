import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Alarm } from './alarm.ts';
import { type Desk, hoursOfKey, TAP, TTL } from './test/desk.ts';
import { below, oneOf, seeded } from './test/random.ts';
import { FAIR, FOUL, Wire } from './test/wire.ts';

const STEP_MS = 200;

const PERSONS: readonly (readonly string[])[] = [
  ['ann', 'bob', 'cyd'],
  ['ann', 'pia', 'quin'],
];

/** Beside the machines: who has agreed to what, and when each desk heard its newest alarm. */
class Witness {
  readonly #said: { readonly desk: Desk; readonly person: string; readonly about: string; readonly atMs: number }[] =
    [];
  readonly #newestMs = new Map<Desk, number>();
  openings = 0;

  says(desk: Desk, person: string, atMs: number): void {
    this.#said.push({ desk, person, about: setOf(desk), atMs });
  }

  /** Before each step: by what it hears, a desk becomes black and never anything else. */
  hears(wire: Wire): () => void {
    const known = new Map(wire.desks.map((desk) => [desk, desk.state.standing]));
    return () => {
      for (const desk of wire.desks) {
        checkDesk(desk);
        this.#note(desk, known.get(desk)!, wire.nowMs);
        assert.ok(known.get(desk)!.length === 0 || desk.state.standing.length > 0, 'opened by a message');
        known.set(desk, desk.state.standing);
      }
    };
  }

  /** What `act` does to both desks; `qkdMadeAtMs` is of the agreement, if it is one. */
  watch(wire: Wire, act: () => void, qkdMadeAtMs: number | null = null): void {
    const before = wire.desks.map((desk) => ({ desk, standing: desk.state.standing, about: setOf(desk) }));
    act();
    for (const { desk, standing, about } of before) {
      checkDesk(desk);
      this.#note(desk, standing, wire.nowMs);
      if (standing.length === 0 || desk.state.standing.length > 0) continue;
      this.openings++;
      const newestMs = this.#newestMs.get(desk)!;
      assert.ok(qkdMadeAtMs !== null && qkdMadeAtMs > newestMs - STEP_MS, 'with key made after the newest alarm');
      for (const side of wire.desks) {
        // That all four stood at one time is what the search over one desk shows.
        const persons = this.#said.filter((said) => said.desk === side && said.about === about);
        assert.ok(new Set(persons.map(({ person }) => person)).size >= 2, 'with two approvers of each side');
      }
    }
  }

  #note(desk: Desk, known: readonly Alarm[], nowMs: number): void {
    const heard = desk.state.standing.some(({ id }) => known.every((alarm) => alarm.id !== id));
    if (heard) this.#newestMs.set(desk, nowMs);
  }
}

function setOf({ view }: Desk): string {
  return view.alarms
    .map(({ id }) => id)
    .sort()
    .join();
}

/** What must be so at every moment, whatever was lost. */
function checkDesk(desk: Desk): void {
  const { state, may, view } = desk;
  const black = state.standing.length > 0 || state.peer.standing.length > 0;
  assert.equal(view.level === 'black', black);
  if (black) for (const what of ['text', 'sealedText', 'file', 'call'] as const) assert.equal(may[what].allowed, false);
}

/** Both have heard everything: nothing differs that people see. */
function checkAlike([a, b]: readonly [Desk, Desk], seed: number): void {
  const [left, right] = [a.view, b.view];
  assert.equal(left.level, right.level, `seed ${seed}`);
  assert.equal(left.request, right.request, `seed ${seed}`);
  assert.deepEqual(left.alarms, right.alarms, `seed ${seed}`);
  assert.deepEqual(left.alarm?.approvals.own, right.alarm?.approvals.peer, `seed ${seed}`);
  assert.deepEqual(left.alarm?.approvals.peer, right.alarm?.approvals.own, `seed ${seed}`);
  assert.equal(left.reason, right.reason, `seed ${seed}`);
  assert.equal(left.record.on, right.record.on, `seed ${seed}`);
}

describe('two desks on a line that loses, doubles and reorders', () => {
  test('come to say the same whatever happened, and never open without what it takes', (context) => {
    let openings = 0;
    for (let seed = 1; seed <= 60; seed++) {
      const random = seeded(seed);
      const wire = new Wire(random);
      const witness = new Witness();
      let alarms = 0;
      wire.weather = FOUL;
      for (let i = 0; i < 25; i++) {
        const side = below(random, 2);
        const desk = wire.desks[side]!;
        const alarm: Alarm = { ...TAP, id: `${side} ${alarms}`, atMs: wire.nowMs - below(random, 5_000) };
        const madeMs = wire.nowMs - below(random, 2) * 100_000;
        const person = oneOf(random, PERSONS[side]!);
        const acts: readonly (() => void)[] = [
          () => {
            // Few of them, or nobody would ever agree.
            if (random() < 0.5 && alarms++ < 3) desk.is({ type: 'alarm', alarm });
          },
          ...Array.from({ length: 4 }, () => () => {
            witness.says(desk, person, wire.nowMs);
            desk.approves(person);
          }),
          () => void desk.is({ type: 'approval-withdrawn', person, request: desk.state.request ?? '' }),
          () => void wire.agree(madeMs),
          () => void wire.agree(madeMs, [desk]),
          () => void desk.is({ type: 'record', wants: random() < 0.5 }),
          () => void desk.is({ type: 'started', restored: random() < 0.2 }),
          () => void desk.counts(hoursOfKey(below(random, 60))),
        ];
        witness.watch(wire, oneOf(random, acts), madeMs);
        wire.pass(below(random, 2_000), witness.hears(wire), STEP_MS);
      }
      wire.weather = FAIR;
      wire.agree(null);
      wire.pass(2_500, witness.hears(wire));
      checkAlike(wire.desks, seed);
      // And from wherever they are, people can go on.
      for (let again = 0; again < 2 && wire.desks[0].view.level === 'black'; again++) {
        wire.desks.forEach((desk, side) => {
          for (const person of PERSONS[side]!) {
            witness.says(desk, person, wire.nowMs);
            desk.approves(person);
          }
        });
        wire.pass(2_000, witness.hears(wire));
        witness.watch(wire, () => wire.agree(wire.nowMs), wire.nowMs);
        wire.pass(2_000);
      }
      assert.notEqual(wire.desks[0].view.level, 'black', `seed ${seed}`);
      checkAlike(wire.desks, seed);
      openings += witness.openings;
    }
    context.diagnostic(`${openings} openings`);
    assert.ok(openings > 40);
  });

  test('both are black within a second of an alarm at one, and say the same within two', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const random = seeded(seed);
      const wire = new Wire(random);
      wire.pass(3_000 + below(random, 3_000));
      wire.weather = { ...FOUL, loss: 0 };
      const [at, other] = random() < 0.5 ? wire.desks : wire.desks.toReversed();
      at!.is({ type: 'alarm', alarm: TAP });
      assert.equal(at!.view.level, 'black');
      wire.pass(900);
      assert.equal(other!.view.level, 'black', `seed ${seed}`);
      wire.pass(1_100);
      checkAlike(wire.desks, seed);
    }
  });

  test('approvals that one desk has and the other lost do not open it there', () => {
    const wire = new Wire(seeded(1));
    wire.pass(3_000);
    const [beijing, moscow] = wire.desks;
    beijing.is({ type: 'alarm', alarm: TAP });
    wire.pass(2_000);
    moscow.approves('pia').approves('quin');
    wire.pass(2_000);
    beijing.approves('ann').approves('bob');
    wire.weather = { ...FAIR, loss: 1 };
    wire.pass(TTL + 60_000, undefined, 10_000);
    assert.deepEqual([beijing.state.decided, moscow.state.decided], [true, false]);
    wire.agree(wire.nowMs);
    wire.weather = FAIR;
    wire.pass(3_000);
    assert.deepEqual([beijing.view.level, moscow.view.level], ['black', 'black']);
    assert.deepEqual(moscow.view.alarm!.approvals, { own: [], peer: [] });
    assert.deepEqual(beijing.view.alarm!.approvals, { own: [], peer: [] }, 'nor does it wait for an opening in vain');
    moscow.approves('pia').approves('quin');
    beijing.approves('ann').approves('bob');
    wire.pass(2_000);
    wire.agree(wire.nowMs);
    wire.pass(2_000);
    assert.deepEqual([beijing.view.level, moscow.view.level], ['red', 'red']);
  });

  test('a desk whose clock was set back and its peer come to show the same approvals, and people can go on', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = seeded(seed);
      const wire = new Wire(random);
      wire.pass(3_000);
      const [beijing, moscow] = wire.desks;
      beijing.is({ type: 'alarm', alarm: TAP });
      wire.pass(2_000);
      wire.weather = FOUL;
      // In any order, and as far told as the line lets it.
      const all = [() => beijing.approves('ann'), () => beijing.approves('bob')];
      all.push(
        () => moscow.approves('pia'),
        () => moscow.approves('quin'),
      );
      for (const approve of all.sort(() => random() - 0.5)) {
        approve();
        wire.pass(below(random, 1_500));
      }
      const at = oneOf(random, wire.desks);
      at.nowMs -= 5_000;
      at.is({ type: 'started', restored: false });
      wire.agree(null);
      assert.equal(at.state.decided, false, `seed ${seed}`);
      // Its people approve again as the banner says; the others do what their page asks of them, whenever it does.
      for (const person of PERSONS[at === beijing ? 0 : 1]!.slice(0, 2)) at.approves(person);
      wire.weather = FAIR;
      wire.pass(3_000);
      checkAlike(wire.desks, seed);
      wire.desks.forEach((desk, side) => {
        const { own } = desk.view.alarm!.approvals;
        for (const person of PERSONS[side]!.slice(1)) if (!own.includes(person)) desk.approves(person);
      });
      wire.pass(3_000);
      checkAlike(wire.desks, seed);
      assert.deepEqual([beijing.state.decided, moscow.state.decided], [true, true], `seed ${seed}`);
      wire.agree(wire.nowMs + 1);
      wire.pass(3_000);
      assert.deepEqual([beijing.view.level, moscow.view.level], ['red', 'red'], `seed ${seed}`);
    }
  });

  test('an approval that the peer counts no more counts nowhere; another one of the same person does', () => {
    const wire = new Wire(seeded(1));
    wire.pass(3_000);
    const [beijing, moscow] = wire.desks;
    beijing.is({ type: 'alarm', alarm: TAP });
    wire.pass(2_000);
    moscow.approves('pia').approves('quin');
    wire.pass(2_000);
    beijing.nowMs -= 5_000;
    wire.pass(2_000);
    assert.deepEqual(moscow.view.alarm!.approvals, { own: [], peer: [] });
    assert.match(moscow.view.reason, /Beijing 0, Moscow 0/);
    moscow.approves('pia');
    // Told again and again that the first one is over.
    wire.pass(5_000);
    assert.deepEqual(moscow.view.alarm!.approvals.own, ['pia']);
    assert.deepEqual(beijing.view.alarm!.approvals.peer, ['pia']);
  });
});
