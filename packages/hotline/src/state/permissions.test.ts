import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LinePermissions } from './permissions.ts';
import { DEFAULT_POLICY, type LinePolicy } from './policy.ts';
import { type Desk, hoursOfKey, MINUTE, OPEN_POLICY, Pair, TAP } from './test/desk.ts';

type What = Exclude<keyof LinePermissions, 'rekeySeconds'>;
const ALL: readonly What[] = ['text', 'sealedText', 'file', 'sealedFile', 'call', 'sealedSpeech', 'emergencyText'];

const VOICE: LinePolicy = {
  ...DEFAULT_POLICY,
  voicePadMinutesPerDay: 2,
  bitsPerHour: { 1: 200_000, 2: 200_000 },
};

function allowed(desk: Desk): string {
  return ALL.filter((what) => desk.may[what].allowed).join(' ');
}

describe('what may be done', () => {
  test('is what section 10 of the hotline reference says, level by level', () => {
    const green = Pair.running(48, VOICE).beijing;
    assert.equal(allowed(green), 'text sealedText file sealedFile call sealedSpeech');
    assert.equal(green.may.rekeySeconds, 60);
    const amber = Pair.running(12, VOICE).beijing;
    assert.equal(allowed(amber), 'text sealedText file call');
    assert.equal(amber.may.rekeySeconds, 600);
    assert.equal(allowed(Pair.running(0).beijing), '');
    const black = Pair.running().beijing.is({ type: 'alarm', alarm: TAP });
    assert.equal(allowed(black), 'emergencyText');
    assert.equal(allowed(Pair.running(48, OPEN_POLICY).beijing.is({ type: 'alarm', alarm: TAP })), 'emergencyText');
  });

  test('at red is what the policy names, and sealed is nothing whatever is in stock', () => {
    const texts = { hybridText: true, media: false };
    const policies: readonly (readonly [LinePolicy, string])[] = [
      [OPEN_POLICY, 'text file call'],
      [{ ...OPEN_POLICY, redAllows: texts }, 'text file'],
      [{ ...OPEN_POLICY, redAllows: texts, qkdRequired: { text: true, file: false, media: false } }, 'file'],
      [{ ...OPEN_POLICY, redAllows: texts, qkdRequired: { text: false, file: true, media: true } }, 'text'],
      [{ ...OPEN_POLICY, redAllows: { hybridText: false, media: true } }, 'call'],
      [{ ...OPEN_POLICY, redAllows: { hybridText: false, media: false } }, ''],
    ];
    for (const [policy, expected] of policies) {
      const pair = Pair.running(48, policy);
      pair.agree(null).talk();
      for (const desk of pair.desks) {
        assert.equal(desk.view.level, 'red');
        assert.equal(allowed(desk), expected);
        assert.equal(desk.may.rekeySeconds, 600);
        assert.match(desk.view.banners.join(), /Computational protection only since/);
      }
      assert.match(pair.beijing.may.sealedText.reason, /nothing is sealed by one-time pad.*as soon as a link delivers/);
    }
  });

  test('a refusal always says why, a permission says nothing', () => {
    for (const desk of [
      Pair.running(48).beijing,
      Pair.running(12).beijing,
      Pair.running(0).beijing,
      Pair.running().beijing.is({ type: 'alarm', alarm: TAP }),
      Pair.running().beijing.is({ type: 'peer-silent' }),
      Pair.running().beijing.is({ type: 'started', restored: false }),
    ]) {
      for (const what of ALL) assert.equal(desk.may[what].reason === '', desk.may[what].allowed, what);
    }
  });

  test('a text by one-time pad is allowed as long as it leaves the floor alone, and its refusal says what is left', () => {
    const { beijing } = Pair.running();
    beijing.counts(hoursOfKey(48), hoursOfKey(48));
    const left = hoursOfKey(48) - DEFAULT_POLICY.authenticationFloorBits;
    assert.ok(beijing.machine.permissions(beijing.state, left).sealedText.allowed);
    const { sealedText, sealedFile, text } = beijing.machine.permissions(beijing.state, left + 1);
    assert.equal(sealedText.allowed || sealedFile.allowed, false);
    assert.match(sealedText.reason, new RegExp(`takes ${left + 1} bits of one-time pad, and ${left} are left`));
    assert.ok(text.allowed, 'by renewed keys, which is another question');
  });

  test('speech by one-time pad ends with its budget, which comes back the next day and not by a clock set back', () => {
    const { beijing, moscow } = Pair.running(48, VOICE);
    const speak = (ms: number): boolean => beijing.is({ type: 'pad-speech', ms }).may.sealedSpeech.allowed;
    assert.equal(speak(2 * MINUTE - 1), true);
    assert.equal(speak(1), false);
    assert.match(beijing.may.sealedSpeech.reason, /The 2 minutes of speech .* used up.*midnight UTC/);
    assert.ok(beijing.may.call.allowed, 'a call may go on by renewed keys if people ask for that');
    beijing.nowMs -= 24 * 60 * MINUTE;
    beijing.after(0);
    assert.equal(beijing.state.padSpeech.spentMs, 2 * MINUTE);
    for (const desk of [beijing, moscow]) desk.nowMs += 36 * 60 * MINUTE;
    assert.equal(beijing.after(0).state.padSpeech.spentMs, 0);
    assert.match(Pair.running().beijing.may.sealedSpeech.reason, /policy allows no speech by one-time pad/);
  });

  test('the emergency pad is for black alone, and ends', () => {
    const { beijing } = Pair.running();
    assert.match(beijing.may.emergencyText.reason, /kept for the time after an alarm/);
    beijing.is({ type: 'alarm', alarm: TAP }).is({ type: 'emergency-pad', texts: 1 });
    assert.ok(beijing.may.emergencyText.allowed);
    beijing.is({ type: 'emergency-pad', texts: 0 });
    assert.match(beijing.may.emergencyText.reason, /used up; a courier/);
    const none = Pair.running(48, { ...DEFAULT_POLICY, emergencyPadTexts: 0 }).beijing;
    assert.equal(none.is({ type: 'alarm', alarm: TAP }).may.emergencyText.allowed, false);
  });

  test('a call that the level forbids is stopped, not held', () => {
    const pair = Pair.running();
    pair.agree(null);
    assert.ok(pair.beijing.types().includes('media-stop'));
    const open = Pair.running(48, OPEN_POLICY);
    open.agree(null);
    assert.equal(
      open.beijing.types().some((type) => type.startsWith('media')),
      false,
    );
  });
});
