import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decodeControl } from './messages.ts';
import { readLine, storeLine } from './stored-line.ts';
import { Desk, EPOCHS, hoursOfKey, JAM, MINUTE, NOON, OPEN_POLICY, only, Pair, TAP, TTL } from './test/desk.ts';

describe('levels by key', () => {
  test('a line begins red, and is as good as its key once both desks have spoken', () => {
    const pair = new Pair();
    assert.deepEqual(pair.levels, ['red', 'red']);
    assert.match(pair.beijing.view.reason, /^Beijing has not agreed keys/);
    pair.agree(NOON);
    for (const desk of pair.desks) desk.counts(hoursOfKey(48));
    assert.deepEqual(pair.levels, ['red', 'red'], 'neither has heard the other');
    pair.talk();
    assert.deepEqual(pair.levels, ['green', 'green']);
    assert.equal(pair.beijing.view.reason, pair.moscow.view.reason);
    assert.ok(pair.beijing.may.call.allowed && pair.beijing.may.sealedText.allowed);
  });

  test('24 hours exactly change nothing; a bit less is amber, a bit more is green', () => {
    const { beijing } = Pair.running(48);
    const day = hoursOfKey(24);
    assert.equal(beijing.counts(day).view.level, 'green');
    assert.equal(beijing.counts(day - 1).view.level, 'amber');
    assert.equal(beijing.counts(day).view.level, 'amber');
    assert.equal(beijing.counts(day + 1, day).view.level, 'amber', 'the scarcer pool decides');
    assert.equal(beijing.counts(day + 1).view.level, 'green');
    assert.equal(beijing.counts(hoursOfKey(0) + 255).view.level, 'red', 'less than one key above the floor');
    assert.equal(beijing.counts(day).view.level, 'amber', 'from red the way up is by amber');
  });

  test('keys agreed without quantum key make it red with a banner; quantum key in stock asks for new ones at once', () => {
    const pair = Pair.running(48, OPEN_POLICY);
    const sinceMs = pair.beijing.nowMs;
    for (const desk of pair.desks) desk.counts(0);
    pair.agree(null).talk();
    assert.deepEqual(pair.levels, ['red', 'red']);
    for (const { view } of pair.desks) {
      assert.deepEqual(view.banners, [
        `Computational protection only since ${new Date(sinceMs).toISOString().slice(0, 19).replace('T', ' ')} UTC.`,
      ]);
      assert.equal(view.freshAgreement, null);
    }
    pair.beijing.counts(hoursOfKey(30));
    assert.equal(only(pair.beijing, 'fresh-agreement').reopens, null);
    assert.deepEqual(pair.levels, ['red', 'red'], 'the keys in use are still those');
    pair.moscow.counts(hoursOfKey(30));
    pair.agree(pair.beijing.nowMs).talk();
    assert.deepEqual(pair.levels, ['green', 'green']);
    assert.deepEqual(pair.moscow.view.banners, []);
  });

  test('both desks show the worse of both, in the same words', () => {
    const pair = Pair.running(48);
    pair.moscow.counts(hoursOfKey(12));
    pair.talk();
    assert.deepEqual(pair.levels, ['amber', 'amber']);
    assert.match(pair.beijing.view.reason, /at Moscow it lasts for 12 hours, not 24/);
    assert.equal(pair.beijing.view.reason, pair.moscow.view.reason);
    assert.equal(pair.beijing.may.rekeySeconds, 600);
  });

  test('a change of level is announced politely, and what is already known is not', () => {
    const { beijing } = Pair.running(48);
    beijing.counts(hoursOfKey(12));
    assert.equal(only(beijing, 'announce').urgency, 'polite');
    assert.deepEqual(beijing.counts(hoursOfKey(12)).consequences, []);
  });

  test('clock and stock need not be durable, all else has to be', () => {
    const { beijing } = Pair.running(48);
    assert.equal(beijing.after(10).durable, false);
    assert.equal(beijing.counts(hoursOfKey(48) + 1).durable, false);
    assert.equal(beijing.counts(hoursOfKey(12)).durable, true);
    assert.equal(beijing.is({ type: 'alarm', alarm: TAP }).durable, true);
  });
});

describe('an alarm', () => {
  test('makes the line black at once from every level, takes away first and tells then', () => {
    const roots = { green: 48, amber: 12, red: 0 };
    for (const [level, hours] of Object.entries(roots)) {
      const { beijing } = Pair.running(hours);
      assert.equal(beijing.view.level, level);
      beijing.is({ type: 'alarm', alarm: TAP });
      assert.equal(beijing.view.level, 'black');
      assert.deepEqual(beijing.types().slice(0, 4), ['media-stop', 'lock', 'quarantine', 'tell']);
      assert.equal(only(beijing, 'announce').urgency, 'assertive');
      const { link, foundAtMs, keysMadeUpToMs } = only(beijing, 'quarantine');
      assert.deepEqual([link, foundAtMs, keysMadeUpToMs], [TAP.link, TAP.atMs, beijing.nowMs]);
      for (const what of ['text', 'sealedText', 'file', 'sealedFile', 'call', 'sealedSpeech'] as const) {
        assert.equal(beijing.may[what].allowed, false, what);
      }
      assert.ok(beijing.may.emergencyText.allowed);
    }
    const before = new Desk(1);
    assert.equal(before.is({ type: 'alarm', alarm: TAP }).view.level, 'black', 'before anything was agreed');
  });

  test('is told to the other desk by a message of its own, and both say the same', () => {
    const pair = Pair.running();
    pair.beijing.is({ type: 'alarm', alarm: TAP });
    pair.moscow.hears(pair.beijing.outgoing[0]!);
    assert.equal(pair.moscow.view.level, 'black');
    assert.deepEqual(pair.moscow.types().slice(0, 3), ['media-stop', 'lock', 'quarantine']);
    assert.equal(pair.beijing.view.reason, pair.moscow.view.reason);
    assert.equal(pair.beijing.view.request, pair.moscow.view.request);
    const { foundBy, link, reason } = pair.moscow.view.alarm!;
    assert.deepEqual([foundBy, link, reason], [TAP.foundBy, TAP.link, TAP.reason]);
  });

  test('is also heard when its own message is lost', () => {
    const pair = Pair.running();
    pair.beijing.is({ type: 'alarm', alarm: TAP });
    pair.beijing.outgoing.shift();
    pair.talk(0);
    assert.equal(pair.moscow.view.level, 'black');
    assert.equal(pair.moscow.state.standing.length, 1);
  });

  test('doubled, here and on the way, is one alarm', () => {
    const pair = Pair.running();
    pair.beijing.is({ type: 'alarm', alarm: TAP });
    const once = pair.beijing.state;
    pair.beijing.is({ type: 'alarm', alarm: TAP });
    assert.equal(pair.beijing.state, once);
    assert.deepEqual(pair.beijing.consequences, []);
    pair.moscow.is({ type: 'alarm', alarm: TAP });
    pair.talk();
    assert.equal(pair.beijing.view.alarms.length, 1);
    assert.equal(pair.beijing.view.request, pair.moscow.view.request);
  });

  test('with one id and two contents ends as the same one at both desks', () => {
    const pair = Pair.running();
    pair.beijing.is({ type: 'alarm', alarm: TAP });
    pair.moscow.is({ type: 'alarm', alarm: { ...TAP, reason: 'decoys missing' } });
    pair.talk();
    assert.deepEqual(pair.beijing.view.alarms, pair.moscow.view.alarms);
    assert.equal(pair.beijing.view.alarms.length, 1);
    assert.equal(pair.beijing.view.request, pair.moscow.view.request);
  });

  test('a second one adds to the first and makes approvals void', () => {
    const pair = Pair.running();
    pair.beijing.is({ type: 'alarm', alarm: TAP });
    pair.talk();
    pair.beijing.approves('ann').approves('bob');
    pair.moscow.approves('pia');
    pair.talk();
    const first = pair.moscow.view.request!;
    pair.moscow.is({ type: 'alarm', alarm: JAM });
    assert.match(only(pair.moscow, 'announce').sentence, /approvals given before it count no more/);
    assert.notEqual(pair.moscow.view.request, first);
    pair.talk();
    assert.deepEqual(pair.beijing.view.alarm!.approvals, { own: [], peer: [] });
    assert.match(pair.beijing.view.reason, /1 other alarm stands beside it/);
    pair.moscow.approves('quin', first);
    assert.match(only(pair.moscow, 'refused').sentence, /not those that were on the screen/);
    pair.talk().agree(pair.beijing.nowMs).talk();
    assert.deepEqual(pair.levels, ['black', 'black']);
  });

  test('found long ago and heard of late counts as any other', () => {
    const pair = Pair.running();
    pair.beijing.is({ type: 'alarm', alarm: JAM });
    pair.talk().approveAll();
    pair.beijing.is({ type: 'alarm', alarm: { ...TAP, atMs: NOON - 86_400_000 } });
    assert.equal(pair.beijing.state.decided, false);
    assert.ok(pair.beijing.state.keysMadeAfterMs >= pair.beijing.nowMs, 'keys are judged by when it was heard');
    pair.talk().agree(pair.beijing.nowMs).talk();
    assert.deepEqual(pair.levels, ['black', 'black']);
  });

  test('with texts that are too long, and at no time at all, is raised all the same', () => {
    const { beijing } = Pair.running();
    const long = '警'.repeat(1_000);
    const alarm = { id: long, class: 'tap' as const, foundBy: long, link: long, reason: long, atMs: Number.NaN };
    beijing.is({ type: 'alarm', alarm });
    assert.equal(beijing.view.level, 'black');
    assert.ok(beijing.outgoing.length > 0);
  });

  test('beyond the list, the oldest leaves it, the newest never does, and both desks approve the same', () => {
    const pair = Pair.running();
    for (let i = 0; i < 20; i++) {
      const at = pair.desks[i % 2]!;
      at.is({ type: 'alarm', alarm: { ...TAP, id: `alarm ${i}`, atMs: NOON - i } });
      assert.ok(at.view.alarms.some(({ id }) => id === `alarm ${i}`));
      if (i % 3 === 0) pair.talk(300);
    }
    pair.talk(4_000);
    assert.equal(pair.beijing.view.request, pair.moscow.view.request);
    assert.equal(pair.approveAll().beijing.state.decided, true);
  });
});

describe('reopening', () => {
  test('takes two approvers on each side and an agreement with key made after the alarm', () => {
    const pair = Pair.running();
    pair.beijing.is({ type: 'alarm', alarm: TAP });
    pair.talk();
    const alarmHeardMs = pair.moscow.state.keysMadeAfterMs;
    pair.beijing.approves('ann').approves('bob');
    pair.moscow.approves('pia');
    pair.talk();
    assert.deepEqual(pair.beijing.view.alarm!.approvals, { own: ['ann', 'bob'], peer: ['pia'] });
    assert.deepEqual(pair.moscow.view.alarm!.approvals, { own: ['pia'], peer: ['ann', 'bob'] });
    assert.match(pair.moscow.view.reason, /so far Beijing 2, Moscow 1/);
    pair.agree(pair.beijing.nowMs).talk();
    assert.deepEqual(pair.levels, ['black', 'black'], 'one is missing');
    pair.moscow.approves('quin');
    const wanted = only(pair.moscow, 'fresh-agreement');
    assert.deepEqual([wanted.reopens, wanted.qkdMadeAfterMs], [pair.moscow.view.request, alarmHeardMs]);
    pair.talk();
    assert.match(pair.beijing.view.reason, /agreed to open the line again/);
    pair.agree(null).talk();
    assert.deepEqual(pair.levels, ['black', 'black'], 'without quantum key');
    pair.agree(alarmHeardMs).talk();
    assert.deepEqual(pair.levels, ['black', 'black'], 'with quantum key from before the alarm');
    pair.agree(alarmHeardMs + 1).talk();
    assert.deepEqual(pair.levels, ['red', 'red'], 'what was in stock before the alarm does not count');
    for (const desk of pair.desks) {
      desk.is({ type: 'stock', sendBits: 1e9, receiveBits: 1e9, madeAfterMs: alarmHeardMs - 1 });
      assert.equal(desk.state.stock, null, 'counted with keys from before the alarm in it');
      desk.counts(hoursOfKey(12));
    }
    assert.deepEqual(pair.talk().levels, ['amber', 'amber']);
    assert.equal(pair.beijing.view.alarm, null);
  });

  test('unlocks and says so once both desks have done it, not before', () => {
    const pair = Pair.running();
    pair.beijing.is({ type: 'alarm', alarm: TAP });
    pair.talk().approveAll();
    pair.agree(pair.beijing.nowMs, [pair.beijing]);
    assert.equal(pair.beijing.state.standing.length, 0);
    assert.equal(pair.beijing.view.level, 'black', 'Moscow has not');
    assert.equal(pair.beijing.may.call.allowed, false);
    pair.agree(pair.beijing.nowMs);
    for (const bytes of pair.moscow.outgoing.splice(0)) {
      pair.beijing.hears(bytes);
      if (pair.beijing.types().includes('unlock')) break;
    }
    assert.deepEqual(pair.beijing.types().slice(-2), ['unlock', 'announce']);
    assert.match(only(pair.beijing, 'announce').sentence, /opened the line again/);
    assert.equal(pair.talk().beijing.view.level, 'red');
  });

  test('a desk that crashed in the middle of it catches up without new approvals', () => {
    const pair = Pair.running();
    pair.beijing.is({ type: 'alarm', alarm: TAP });
    pair.talk().approveAll();
    pair.agree(pair.beijing.nowMs, [pair.beijing]);
    for (const desk of pair.desks) desk.is({ type: 'started', restored: false });
    pair.agree(pair.beijing.nowMs).talk();
    assert.deepEqual(pair.levels, ['red', 'red']);
    assert.deepEqual([pair.beijing.view.request, pair.moscow.view.request], [null, null]);
  });

  test('an alarm while the agreement runs stops it', () => {
    const pair = Pair.running();
    pair.beijing.is({ type: 'alarm', alarm: TAP });
    pair.talk().approveAll();
    const reopens = pair.beijing.view.freshAgreement!.reopens;
    pair.moscow.is({ type: 'alarm', alarm: JAM });
    for (const desk of pair.desks) desk.is({ type: 'epoch', id: EPOCHS[99]!, qkdMadeAtMs: desk.nowMs + 1, reopens });
    assert.equal(pair.moscow.view.level, 'black');
    assert.equal(pair.moscow.state.standing.length, 2);
    assert.deepEqual(pair.talk().levels, ['black', 'black']);
    assert.equal(pair.beijing.view.request, pair.moscow.view.request);
    pair.approveAll().agree(pair.beijing.nowMs).talk();
    assert.deepEqual(pair.levels, ['red', 'red']);
  });

  test('copies of the alarm that were under way raise nothing afterwards', () => {
    const pair = Pair.running();
    pair.beijing.is({ type: 'alarm', alarm: TAP });
    const copies = [...pair.beijing.outgoing];
    pair.talk().approveAll().agree(pair.beijing.nowMs).talk();
    for (const copy of copies) pair.moscow.hears(copy);
    pair.beijing.is({ type: 'alarm', alarm: TAP });
    assert.deepEqual(pair.talk().levels, ['red', 'red']);
  });

  test('keys from before the alarm are never fresh again, whatever agreement brings them', () => {
    const pair = Pair.running();
    pair.beijing.is({ type: 'alarm', alarm: TAP });
    const alarmMs = pair.beijing.nowMs;
    pair.talk().approveAll().agree(pair.beijing.nowMs).talk();
    for (const desk of pair.desks) desk.counts(hoursOfKey(48));
    pair.agree(alarmMs - 1).talk();
    assert.deepEqual(pair.levels, ['red', 'red']);
    assert.match(pair.beijing.view.reason, /agreed without fresh quantum key/);
  });
});

describe('approvals', () => {
  function black(): Pair {
    const pair = Pair.running();
    pair.beijing.is({ type: 'alarm', alarm: TAP });
    return pair.talk();
  }

  test('of one person count once, however often given', () => {
    const pair = black();
    pair.beijing.approves('ann').approves('ann').approves('ann');
    pair.moscow.approves('pia').approves('quin');
    pair.talk();
    pair.beijing.approves('ann');
    assert.equal(pair.talk().beijing.state.decided || pair.moscow.state.decided, false);
    assert.deepEqual(pair.moscow.view.alarm!.approvals.peer, ['ann']);
  });

  test('of a person without the role do not count', () => {
    const { beijing } = black();
    beijing.is({
      type: 'approval',
      person: 'eve',
      name: 'Eve',
      roles: ['speaker', 'operator'],
      request: beijing.state.request!,
    });
    assert.match(only(beijing, 'refused').sentence, /Eve does not have the role of an approver/);
    assert.deepEqual(beijing.state.approvals, []);
  });

  test('lapse after their time, so that four count only together', () => {
    const pair = black();
    pair.beijing.approves('ann').approves('bob');
    pair.talk();
    pair.moscow.approves('pia');
    pair
      .talk(TTL / 4)
      .talk(TTL / 4)
      .talk(TTL / 4)
      .talk(TTL / 4);
    assert.deepEqual(pair.moscow.view.alarm!.approvals, { own: [], peer: [] });
    pair.moscow.approves('quin');
    pair.talk();
    assert.deepEqual(pair.beijing.view.alarm!.approvals, { own: [], peer: ['quin'] });
    assert.equal(pair.beijing.state.decided || pair.moscow.state.decided, false);
    pair.beijing.approves('ann').approves('bob');
    pair.moscow.approves('pia');
    assert.equal(pair.talk().beijing.state.decided && pair.moscow.state.decided, true);
    assert.equal(pair.talk(TTL, MINUTE).beijing.state.decided, true, 'a decision waits for key as long as it takes');
  });

  test('replayed after their time do not live again', () => {
    const pair = black();
    pair.moscow.approves('pia').approves('quin');
    const copies = [...pair.moscow.outgoing];
    pair.talk();
    const quiet = pair.beijing;
    quiet.after(TTL);
    quiet.approves('ann').approves('bob');
    for (const copy of copies) quiet.hears(copy);
    assert.deepEqual(quiet.view.alarm!.approvals, { own: ['ann', 'bob'], peer: [] });
    assert.equal(quiet.state.decided, false);
  });

  test('first heard after their time, or dated in the future, do not count', () => {
    const { beijing, moscow } = black();
    beijing.approves('ann').approves('bob');
    const request = beijing.state.request!;
    const word = { type: 'approval', direction: 2, request, withdrawnMs: 0 } as const;
    for (const approvedMs of [beijing.nowMs - TTL, beijing.nowMs + 2 * MINUTE]) {
      for (const person of ['pia', 'quin']) beijing.hears({ ...word, person, name: person, approvedMs });
      assert.deepEqual(beijing.view.alarm!.approvals.peer, []);
      assert.equal(beijing.state.decided, false);
    }
    for (const person of ['pia', 'quin']) beijing.hears({ ...word, person, name: person, approvedMs: moscow.nowMs });
    assert.equal(beijing.state.decided, true);
  });

  test('taken back do not count, in whatever order the news come, and may be given again', () => {
    for (const order of ['kept', 'turned'] as const) {
      const pair = black();
      pair.beijing.approves('ann').approves('bob');
      pair.talk();
      pair.moscow.approves('pia');
      pair.moscow.after(10);
      pair.moscow.is({ type: 'approval-withdrawn', person: 'pia', request: pair.moscow.state.request! });
      pair.moscow.approves('quin');
      if (order === 'turned') pair.moscow.outgoing.reverse();
      pair.talk();
      assert.deepEqual(pair.beijing.view.alarm!.approvals.peer, ['quin'], order);
      assert.equal(pair.beijing.state.decided || pair.moscow.state.decided, false);
      pair.moscow.approves('pia');
      assert.equal(pair.talk().beijing.state.decided && pair.moscow.state.decided, true);
      pair.beijing.is({ type: 'approval-withdrawn', person: 'bob', request: pair.beijing.state.request! });
      pair.talk();
      assert.equal(pair.beijing.state.decided || pair.moscow.state.decided, false, 'until the line is open');
      pair.agree(pair.beijing.nowMs).talk();
      assert.deepEqual(pair.levels, ['black', 'black']);
    }
  });

  test('from the wrong side, our own thrown back, do not count for the other', () => {
    const pair = black();
    pair.beijing.approves('ann').approves('bob');
    for (const own of [...pair.beijing.outgoing]) pair.beijing.hears(own);
    assert.deepEqual(pair.beijing.view.alarm!.approvals, { own: ['ann', 'bob'], peer: [] });
    assert.equal(pair.beijing.state.decided, false);
  });

  test('for other alarms, or when none stands, are refused', () => {
    const pair = black();
    const other = new Desk(1).is({ type: 'alarm', alarm: JAM }).state.request!;
    pair.beijing.approves('ann', other);
    assert.match(only(pair.beijing, 'refused').sentence, /not those that were on the screen/);
    pair.beijing.hears({
      type: 'approval',
      direction: 2,
      request: other,
      person: 'pia',
      name: 'pia',
      approvedMs: NOON,
      withdrawnMs: 0,
    });
    assert.deepEqual(pair.beijing.state.approvals, []);
    const { beijing } = Pair.running();
    beijing.approves('ann', other);
    assert.match(only(beijing, 'refused').sentence, /No alarm stands/);
  });

  test('for the same alarms under another policy or in another conversation are for something else', () => {
    const requests = [new Desk(1), new Desk(1, OPEN_POLICY), new Desk(2)].map(
      (desk) => desk.is({ type: 'alarm', alarm: TAP }).state.request,
    );
    assert.notEqual(requests[0], requests[1]);
    assert.equal(requests[0], requests[2]);
  });
});

describe('clocks and copies', () => {
  test('a clock set back makes approvals lapse, is shown, and makes no old key young', () => {
    const pair = Pair.running();
    pair.beijing.is({ type: 'alarm', alarm: TAP });
    const alarmMs = pair.beijing.nowMs;
    pair.talk();
    pair.beijing.approves('ann').approves('bob');
    pair.moscow.approves('pia');
    pair.talk();
    pair.beijing.nowMs -= 60 * MINUTE;
    pair.talk();
    assert.deepEqual(pair.beijing.view.alarm!.approvals, { own: [], peer: [] });
    assert.deepEqual(pair.moscow.view.alarm!.approvals, { own: [], peer: [] }, 'nor at the other desk');
    assert.match(pair.beijing.view.banners.join(), /The clock of Beijing went back .* set the clock right/);
    assert.match(pair.beijing.view.banners.join(), /The clock of Moscow is 60 minutes ahead of that of Beijing/);
    pair.moscow.approves('pia').approves('quin');
    assert.equal(pair.talk().beijing.state.decided || pair.moscow.state.decided, false);
    pair.beijing.is({ type: 'alarm', alarm: JAM });
    assert.ok(pair.beijing.state.keysMadeAfterMs >= alarmMs);
    pair.beijing.nowMs = pair.moscow.nowMs + 1;
    pair.talk();
    assert.deepEqual(pair.beijing.view.banners, []);
    assert.equal(pair.approveAll().beijing.state.decided, true);
    pair.beijing.nowMs -= 60 * MINUTE;
    assert.equal(pair.beijing.after(0).state.decided, false, 'nor does a decision outlive it');
  });

  test('an approval does not live again when the clock is set back while the process is down', () => {
    const pair = Pair.running();
    const { beijing, moscow } = pair;
    beijing.is({ type: 'alarm', alarm: TAP });
    pair.talk();
    beijing.approves('ann').approves('bob');
    moscow.approves('pia');
    pair.talk();
    const approvedMs = beijing.nowMs;
    let stored = storeLine(beijing.state);
    for (let waited = 0; waited < TTL - MINUTE; waited += 1000) {
      beijing.after(1000);
      if (beijing.durable) stored = storeLine(beijing.state);
    }
    assert.deepEqual(beijing.view.alarm!.approvals.own, ['ann', 'bob']);
    beijing.state = readLine(stored);
    beijing.nowMs = approvedMs + MINUTE;
    beijing.is({ type: 'started', restored: false });
    assert.deepEqual(beijing.view.alarm!.approvals, { own: [], peer: [] });
    assert.match(beijing.view.banners.join(), /The clock of Beijing went back/);
  });

  test('while the clock says that no key can be young enough, none is drawn for a fresh agreement', () => {
    const pair = Pair.running();
    pair.beijing.is({ type: 'alarm', alarm: TAP });
    pair.talk();
    for (const desk of pair.desks) desk.nowMs -= 60 * MINUTE;
    pair.talk().approveAll();
    assert.equal(pair.beijing.state.decided, true);
    assert.equal(pair.beijing.view.freshAgreement, null);
    pair.beijing.nowMs += 60 * MINUTE;
    assert.equal(only(pair.beijing.after(0), 'fresh-agreement').reopens, pair.beijing.view.request);
  });

  test('an alarm that comes after the clock was set back condemns the keys made before that, too', () => {
    const { beijing } = Pair.running();
    const highestMs = beijing.nowMs;
    beijing.after(-30 * MINUTE).is({ type: 'alarm', alarm: TAP });
    assert.equal(beijing.view.keysMadeAfterMs, highestMs);
  });

  test('after its clock was set back a desk believes that its peer is there once it answers anew', () => {
    const pair = Pair.running();
    pair.beijing.nowMs -= 60 * MINUTE;
    assert.equal(pair.beijing.after(0).view.peerReachable, false);
    assert.equal(pair.talk().beijing.view.peerReachable, true);
    pair.beijing.after(11_000);
    assert.equal(pair.beijing.view.peerReachable, false, 'by its own clock, as it is now');
  });

  test('a clock that trembles is nothing', () => {
    const { beijing } = Pair.running();
    const { state } = beijing;
    beijing.nowMs -= 1_500;
    assert.equal(beijing.is({ type: 'tick' }).state, state);
    for (const atMs of [Number.NaN, -1, 0.5, Number.POSITIVE_INFINITY]) {
      beijing.nowMs = atMs;
      assert.equal(beijing.is({ type: 'tick' }).state, state);
    }
  });

  test('a desk restored from a copy trusts no approval in it, says so, and hears its peer', () => {
    const pair = Pair.running();
    pair.beijing.is({ type: 'alarm', alarm: TAP });
    pair.talk().approveAll();
    const copy = pair.moscow.state;
    assert.equal(copy.decided, true);
    pair.agree(pair.beijing.nowMs).talk();
    assert.deepEqual(pair.levels, ['red', 'red']);
    pair.moscow.state = copy;
    pair.moscow.is({ type: 'started', restored: true });
    assert.equal(pair.moscow.state.decided, false);
    pair.agree(pair.beijing.nowMs).talk();
    assert.deepEqual(pair.levels, ['black', 'black'], 'the copy does not know that it was over');
    assert.match(pair.moscow.view.banners.join(), /store of Moscow was restored from a copy/);
    assert.equal(pair.beijing.view.request, pair.moscow.view.request);
    pair.approveAll().agree(pair.beijing.nowMs).talk();
    assert.deepEqual(pair.levels, ['red', 'red']);
    assert.deepEqual(pair.moscow.is({ type: 'noted' }).view.banners, pair.beijing.view.banners);
  });

  test('a desk restored from a copy older than an alarm learns which keys not to use', () => {
    const pair = Pair.running();
    const copy = pair.moscow.state;
    pair.beijing.is({ type: 'alarm', alarm: TAP });
    pair.talk().approveAll().agree(pair.beijing.nowMs).talk();
    const { keysMadeAfterMs } = pair.beijing.state;
    pair.moscow.state = copy;
    pair.moscow.is({ type: 'started', restored: true });
    pair.agree(keysMadeAfterMs - 1).talk();
    assert.equal(pair.moscow.state.keysMadeAfterMs, keysMadeAfterMs);
    for (const desk of pair.desks) desk.counts(hoursOfKey(48));
    assert.deepEqual(pair.talk().levels, ['red', 'red']);
  });

  test('a desk that starts has nothing until it has agreed and heard again', () => {
    const pair = Pair.running();
    pair.beijing.is({ type: 'started', restored: false });
    assert.ok(pair.beijing.types().includes('media-stop'));
    for (const what of ['text', 'sealedText', 'file', 'call'] as const)
      assert.equal(pair.beijing.may[what].allowed, false);
    assert.equal(pair.beijing.view.level, 'red');
    assert.match(pair.beijing.view.reason, /^Beijing has not agreed keys/);
    pair.beijing.outgoing = [];
    assert.deepEqual(pair.beijing.after(5_000).outgoing, [], 'there is no lane to tell anything on');
    pair.moscow.after(5_000);
    pair.agree(pair.beijing.nowMs);
    pair.beijing.counts(hoursOfKey(48));
    assert.equal(pair.beijing.view.level, 'red', 'what the other one said before is old');
    assert.equal(pair.beijing.may.text.allowed, false);
    pair.talk();
    assert.deepEqual(pair.levels, ['green', 'green']);
  });

  test('a desk restored from an old copy begins its numbers anew and is heard', () => {
    const pair = Pair.running();
    const copy = pair.moscow.state;
    for (const hours of [12, 48, 12, 48, 12, 48]) {
      pair.moscow.counts(hoursOfKey(hours)).is({ type: 'record', wants: hours === 12 });
      pair.talk(300);
    }
    pair.moscow.state = copy;
    pair.moscow.is({ type: 'started', restored: true });
    pair.agree(pair.beijing.nowMs);
    pair.moscow.counts(hoursOfKey(12)).is({ type: 'record', wants: true });
    pair.talk(500);
    assert.deepEqual(pair.levels, ['amber', 'amber']);
    assert.equal(pair.beijing.view.record.peerWants, true);
  });
});

describe('the other desk', () => {
  test('that is silent holds calls, lets texts wait, and is named with the time', () => {
    const pair = Pair.running();
    const { beijing } = pair;
    const lastMs = beijing.nowMs;
    while (beijing.view.peerReachable) beijing.after(100);
    assert.ok(beijing.nowMs - lastMs <= 11_000);
    assert.equal(beijing.view.level, 'green');
    assert.match(only(beijing, 'media-hold').reason, /Moscow has not answered since/);
    assert.match(beijing.view.reason, /Moscow has not answered since/);
    assert.equal(beijing.may.call.allowed, false);
    assert.ok(beijing.may.text.allowed);
    pair.moscow.nowMs = beijing.nowMs;
    assert.ok(pair.talk().beijing.may.call.allowed);
    beijing.is({ type: 'peer-silent' });
    assert.equal(beijing.may.call.allowed, false);
    beijing.is({ type: 'peer-heard' });
    assert.ok(beijing.types().includes('tell'));
    assert.ok(pair.talk().beijing.may.call.allowed);
  });

  test('whose messages are held back on the way is silent: old ones show nothing', () => {
    const pair = Pair.running();
    const held: Uint8Array[] = [];
    for (let i = 0; i < 40; i++) {
      for (const desk of pair.desks) desk.after(500);
      for (const bytes of pair.beijing.outgoing.splice(0)) pair.moscow.hears(bytes);
      held.push(...pair.moscow.outgoing.splice(0));
    }
    assert.equal(pair.beijing.view.peerReachable, false);
    for (const bytes of held.slice(0, held.length / 3)) pair.beijing.hears(bytes);
    assert.equal(pair.beijing.view.peerReachable, false);
    for (const bytes of held) pair.beijing.hears(bytes);
    assert.equal(pair.beijing.view.peerReachable, true);
  });

  test('is told again until it has heard, then now and then', () => {
    const { beijing, moscow } = Pair.running();
    beijing.outgoing = [];
    beijing.counts(hoursOfKey(12));
    const tellings = (): number => beijing.outgoing.splice(0).filter(([kind]) => kind === 1).length;
    tellings();
    for (let i = 0; i < 20; i++) beijing.after(100);
    assert.equal(tellings(), 4);
    moscow.nowMs = beijing.nowMs;
    beijing.is({ type: 'peer-heard' });
    for (const bytes of beijing.outgoing.splice(0)) moscow.hears(bytes);
    moscow.outgoing = [];
    moscow.is({ type: 'peer-heard' });
    for (const bytes of moscow.outgoing.splice(0)) beijing.hears(bytes);
    for (let i = 0; i < 60; i++) beijing.after(100);
    assert.equal(tellings(), 3);
  });

  test('is believed about this epoch alone, and not when an older word comes late', () => {
    const pair = Pair.running();
    pair.moscow.counts(hoursOfKey(12));
    const amber = pair.moscow.outgoing.splice(0);
    pair.moscow.counts(hoursOfKey(48));
    pair.talk();
    for (const bytes of amber) pair.beijing.hears(bytes);
    assert.equal(pair.beijing.view.level, 'green');
    for (const desk of pair.desks) desk.nowMs += 3 * MINUTE;
    pair.talk();
    for (const bytes of amber) pair.beijing.hears(bytes);
    assert.equal(pair.beijing.view.level, 'green');
    assert.deepEqual(pair.beijing.view.banners, [], 'an old word says nothing about clocks');
    pair.agree(pair.beijing.nowMs);
    for (const bytes of amber) pair.beijing.hears(bytes);
    assert.equal(pair.beijing.view.level, 'green');
  });

  test('is believed about an alarm even by a word that came late', () => {
    const pair = Pair.running();
    pair.moscow.is({ type: 'alarm', alarm: TAP });
    const late = pair.moscow.outgoing.splice(0).filter(([kind]) => kind === 1);
    const message = decodeControl(late[0]!);
    assert.ok(message.type === 'state');
    pair.beijing.hears({ ...message, revision: message.revision + 1, standing: [] });
    assert.equal(pair.beijing.view.level, 'red');
    for (const bytes of late) pair.beijing.hears(bytes);
    assert.equal(pair.beijing.view.level, 'black');
  });

  test('with another policy is told so, and nothing passes', () => {
    const pair = new Pair(undefined, OPEN_POLICY);
    pair.agree(NOON);
    for (const desk of pair.desks) desk.counts(hoursOfKey(48));
    pair.talk();
    for (const { may, view } of pair.desks) {
      for (const what of ['text', 'sealedText', 'file', 'call'] as const) {
        assert.equal(may[what].allowed, false);
        assert.match(may[what].reason, /Beijing and Moscow have pinned different policies.*pin the one/);
      }
      assert.match(view.banners.join(), /different policies/);
    }
  });

  test('has to want the record too', () => {
    const pair = Pair.running();
    pair.beijing.is({ type: 'record', wants: true });
    pair.talk();
    assert.deepEqual(pair.moscow.view.record, { on: false, ownWants: false, peerWants: true });
    pair.moscow.is({ type: 'record', wants: true });
    const early = [...pair.moscow.outgoing];
    pair.talk();
    assert.ok(pair.beijing.view.record.on && pair.moscow.view.record.on);
    pair.moscow.is({ type: 'record', wants: false });
    pair.talk();
    for (const bytes of early) pair.beijing.hears(bytes);
    assert.deepEqual(pair.beijing.view.record, { on: false, ownWants: true, peerWants: false });
    pair.agree(pair.beijing.nowMs).talk();
    assert.deepEqual(pair.beijing.view.record, { on: false, ownWants: true, peerWants: false });
  });
});
