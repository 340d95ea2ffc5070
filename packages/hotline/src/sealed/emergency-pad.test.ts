import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EmergencyPad, type EmergencyPadOptions, type SealedEmergencyText } from './emergency-pad.ts';
import {
  type EmergencyPlan,
  emergencyNeed,
  encodePlan,
  MAX_EMERGENCY_TEXTS,
  readEmergencyRecord,
  readPlan,
} from './emergency-record.ts';
import type { NamedKey } from './key.ts';
import type { Route } from './route.ts';
import { codeOf, flipped, REVERSE, ROUTE, refuses, SeededKeys, words } from './test/keys.ts';

const BLOCK_BYTES = 96;

/** One pad at both desks: what their key managers delivered, and what is agreed. */
class Agreed {
  readonly keys: SeededKeys;
  readonly plan: EmergencyPlan;
  /** Keys that a desk's store has overwritten. */
  readonly gone = { sender: new Set<string>(), receiver: new Set<string>() };

  constructor(seed: number, texts = 4, blockBytes = BLOCK_BYTES) {
    this.keys = new SeededKeys(seed);
    const drawn = this.keys.draw(emergencyNeed(texts, blockBytes));
    this.plan = readPlan(encodePlan({ blockBytes, keyIds: drawn.map(({ keyId }) => keyId) }));
  }

  stored(role: 'sender' | 'receiver'): NamedKey[] {
    return this.keys.fetch(this.plan.keyIds.filter((keyId) => !this.gone[role].has(keyId)));
  }

  pad(role: 'sender' | 'receiver', change: Partial<EmergencyPadOptions> = {}): EmergencyPad {
    const { plan } = this;
    return new EmergencyPad({
      ...{ route: ROUTE, role, plan, keys: this.stored(role), state: null, witnessOffset: 0 },
      ...change,
    });
  }
}

test('carries its texts, each with keys of its own and no epoch, and is then used up', () => {
  for (const blockBytes of [32, 96, 480, 608, 4576]) {
    const agreed = new Agreed(1, 3, blockBytes);
    const [sender, receiver] = [agreed.pad('sender'), agreed.pad('receiver')];
    const used = new Set<string>();
    for (const [i, text] of ['help', 'pomogi', '救命'].entries()) {
      const said = words(text, { author: 'A', salt: blockBytes > 100 && i === 1 ? new Uint8Array(32).fill(9) : null });
      const { number, record } = sender.seal(said);
      const { keyIds, ciphertext } = readEmergencyRecord(record);
      assert.equal(ciphertext.length, blockBytes);
      for (const keyId of keyIds) {
        assert.ok(!used.has(keyId));
        used.add(keyId);
      }
      const opened = receiver.open(record);
      assert.deepEqual([opened.number, opened.words, opened.missing, number], [i + 1, said, 0, i + 1]);
    }
    assert.deepEqual([...used], agreed.plan.keyIds);
    assert.deepEqual([sender.spentKeyIds, receiver.spentKeyIds], [agreed.plan.keyIds, agreed.plan.keyIds]);
    refuses('hotline/spent', () => sender.seal(words('more', { author: 'A' })));
  }
});

test('the length of a text does not show, and one that does not fit costs nothing', () => {
  const agreed = new Agreed(2);
  const sender = agreed.pad('sender');
  refuses('hotline/too-long', () => sender.seal(words('x'.repeat(80))));
  refuses('hotline/bad-argument', () => sender.seal(words('')));
  assert.equal(sender.offset, 0);
  assert.equal(sender.seal(words('x')).record.length, sender.seal(words('x'.repeat(79))).record.length);
  assert.equal(sender.left, 2);
});

test('texts arrive in any order and once each; what has not come is counted', () => {
  const agreed = new Agreed(3);
  const [sender, receiver] = [agreed.pad('sender'), agreed.pad('receiver')];
  const records = ['a', 'b', 'c'].map((text) => sender.seal(words(text)).record);
  assert.equal(receiver.open(records[2]!).missing, 2);
  refuses('hotline/replayed', () => receiver.open(records[2]!));
  assert.equal(receiver.open(records[0]!).missing, 0);
  assert.equal(receiver.open(records[1]!).words.text, 'b');
  for (const record of records) refuses('hotline/replayed', () => receiver.open(record));
});

describe('no pad byte is used twice', () => {
  /** What left a desk, by keys: two different records under one key would be a pad used twice. */
  class Wire {
    readonly byKey = new Map<string, string>();

    leave({ record }: SealedEmergencyText): void {
      const bytes = Buffer.from(record).toString('hex');
      for (const keyId of readEmergencyRecord(record).keyIds) {
        const before = this.byKey.get(keyId);
        assert.ok(before === undefined || before === bytes, 'two texts under one pad');
        this.byKey.set(keyId, bytes);
      }
    }
  }

  test('with a crash before the write, between write and use, after use, and before keys are overwritten: every pattern', () => {
    const CRASHES = ['none', 'before-write', 'before-use', 'after-use', 'keys-left'] as const;
    for (let pattern = 0; pattern < CRASHES.length ** 4; pattern++) {
      const agreed = new Agreed(4);
      const wire = new Wire();
      const disk = { state: null as Uint8Array | null, witnessOffset: 0 };
      let sender = agreed.pad('sender');
      for (let i = 0, rest = pattern; i < 4 && sender.left > 0; i++, rest = Math.floor(rest / CRASHES.length)) {
        const crash = CRASHES[rest % CRASHES.length]!;
        // Each text is another one, so that a pad used twice shows.
        const sealed = sender.seal(words(`${i} ${crash}`));
        if (crash !== 'before-write') {
          disk.state = sealed.state;
          disk.witnessOffset = sender.offset;
          if (crash !== 'before-use') wire.leave(sealed);
          if (crash === 'none' || crash === 'after-use') {
            for (const keyId of sender.spentKeyIds) agreed.gone.sender.add(keyId);
          }
        }
        if (crash !== 'none') sender = agreed.pad('sender', disk);
      }
    }
  });

  test('after a restore from an old copy: it refuses when the witness knows of more', () => {
    const agreed = new Agreed(5);
    const states: (Uint8Array | null)[] = [null];
    const sender = agreed.pad('sender');
    for (let i = 0; i < 4; i++) states.push(sender.seal(words(`text ${i}`)).state);
    for (const [offset, state] of states.entries()) {
      for (let witnessOffset = 0; witnessOffset <= 4; witnessOffset++) {
        const attempt = (): EmergencyPad => agreed.pad('sender', { state, witnessOffset });
        // The witness may lag behind the store by a crash, never the store behind the witness.
        if (witnessOffset > offset) refuses('hotline/store', attempt);
        else assert.equal(attempt().left, 4 - offset);
      }
    }
    const keys = agreed.stored('sender');
    refuses('hotline/store', () => agreed.pad('sender', { keys, witnessOffset: 1 }));
    for (const { key } of keys) assert.throws(() => key.open(() => {}), /overwritten/);
    for (const witnessOffset of [Number.NaN, 0.5, Number.POSITIVE_INFINITY]) {
      refuses('hotline/store', () => agreed.pad('sender', { witnessOffset }));
    }
  });

  test('a receiver that was restored from an old copy refuses likewise, and does not show a text twice', () => {
    const agreed = new Agreed(6);
    const [sender, receiver] = [agreed.pad('sender'), agreed.pad('receiver')];
    const records = [0, 1, 2].map((i) => sender.seal(words(`${i}`)).record);
    const old = receiver.open(records[2]!).state;
    const { state } = receiver.open(records[0]!);
    refuses('hotline/store', () => agreed.pad('receiver', { state: old, witnessOffset: 2 }));
    const later = agreed.pad('receiver', { state, witnessOffset: 2 });
    for (const i of [0, 2]) refuses('hotline/replayed', () => later.open(records[i]!));
    assert.equal(later.open(records[1]!).words.text, '1');
  });

  test('keys are overwritten with use, and a desk that lacks keys of an unused text refuses the pad', () => {
    const agreed = new Agreed(7);
    const keys = agreed.stored('sender');
    const sender = agreed.pad('sender', { keys });
    const { state } = sender.seal(words('once'));
    assert.throws(() => keys[0]!.key.open(() => {}), /overwritten/);
    keys[1]!.key.open(() => {});
    agreed.gone.sender.add(agreed.plan.keyIds[0]!);
    assert.equal(agreed.pad('sender', { state, witnessOffset: 1 }).seal(words('next')).number, 2);
    // An older state whose keys are gone is refused even if no witness speaks.
    refuses('hotline/store', () => agreed.pad('sender'));
    sender.wipe();
    assert.throws(() => keys[3]!.key.open(() => {}), /overwritten/);
  });

  test('a key of zeros would send the words as they are: refused', () => {
    const agreed = new Agreed(8);
    const keys = agreed.stored('sender');
    keys[1]!.key.open((bytes) => bytes.fill(0));
    refuses('hotline/store', () => agreed.pad('sender', { keys }));
  });

  test('a state of another pad, role or direction, or one that was altered, is refused', () => {
    const agreed = new Agreed(9);
    const { state } = agreed.pad('sender').seal(words('x'));
    const reversed = { route: REVERSE, state };
    refuses('hotline/store', () => agreed.pad('sender', reversed));
    refuses('hotline/store', () => agreed.pad('receiver', { state }));
    refuses('hotline/store', () => new Agreed(9, 5).pad('sender', { state }));
    for (let bit = 0; bit < 8 * state.length; bit++) {
      const altered = flipped(state, bit);
      // A copy that says "text 1 is unused", and one that says "2 was used as well", are for the witness to judge.
      if (bit === 8 * 16 || bit === 8 * 17) continue;
      assert.equal(
        codeOf(() => agreed.pad('sender', { state: altered })),
        'hotline/store',
        `bit ${bit}`,
      );
    }
    refuses('hotline/store', () => agreed.pad('sender', { state: state.subarray(1) }));
  });
});

describe('an attacker on the line while the state is BLACK', () => {
  test('every single bit that is flipped is refused, costs no key, and the untouched record still opens', () => {
    const agreed = new Agreed(10);
    const { record } = agreed.pad('sender').seal(words('Meet at the bridge.'));
    const receiver = agreed.pad('receiver');
    const codes = new Set<string>();
    for (let bit = 0; bit < 8 * record.length; bit++) codes.add(codeOf(() => receiver.open(flipped(record, bit))));
    assert.deepEqual(codes, new Set(['hotline/malformed', 'hotline/not-for-us', 'hotline/forged']));
    for (let length = 0; length < record.length; length++) {
      refuses('hotline/malformed', () => receiver.open(record.subarray(0, length)));
    }
    refuses('hotline/malformed', () => receiver.open(Uint8Array.of(...record, 0)));
    assert.equal(receiver.offset, 0);
    assert.equal(receiver.open(record).words.text, 'Meet at the bridge.');
  });

  test('reflected, relabelled, renumbered or of another pad: refused', () => {
    const agreed = new Agreed(11);
    const sender = agreed.pad('sender');
    const { record } = sender.seal(words('one way'));
    const second = sender.seal(words('other')).record;
    refuses('hotline/not-for-us', () => sender.open(record));
    const turned = record.slice();
    turned[6] = 2;
    const back = new Agreed(11).pad('receiver', { route: REVERSE });
    refuses('hotline/not-for-us', () => back.open(record));
    // The same keys, if somebody agreed on them for both directions: the route is under the tag.
    refuses('hotline/forged', () => back.open(turned));
    const elsewhere: Route = { ...ROUTE, conversationId: ROUTE.conversationId.replace('6f', '7f') };
    refuses('hotline/not-for-us', () => agreed.pad('receiver', { route: elsewhere }).open(record));
    // The header of one text over the ciphertext of another.
    const at = readEmergencyRecord(record).header.length;
    const spliced = Uint8Array.of(...record.subarray(0, at), ...second.subarray(at));
    refuses('hotline/forged', () => agreed.pad('receiver').open(spliced));
    const other = new Agreed(12, 6, 160);
    refuses('hotline/not-for-us', () => other.pad('receiver').open(record));
    refuses('hotline/bad-argument', () => agreed.pad('receiver').seal(words('x')));
  });
});

test('plans that make no whole texts are refused', () => {
  const { plan } = new Agreed(13, 2, 608);
  const [first] = plan.keyIds;
  for (const keyIds of [[], plan.keyIds.slice(1), [first!, first!], plan.keyIds.with(0, 'one')]) {
    refuses('hotline/bad-argument', () => encodePlan({ ...plan, keyIds }));
  }
  refuses('hotline/bad-argument', () => encodePlan({ ...plan, blockBytes: 607 }));
  const bytes = encodePlan(plan);
  const twice = bytes.slice();
  twice.set(bytes.subarray(4, 20), 20);
  for (const wrong of [twice, bytes.subarray(1), Uint8Array.of(...bytes, 0), bytes.slice(0, -16)]) {
    refuses('hotline/malformed', () => readPlan(wrong));
  }
  for (const [texts, size] of [
    [0, 96],
    [1.5, 96],
    [MAX_EMERGENCY_TEXTS + 1, 96],
    [1, 97],
  ]) {
    refuses('hotline/bad-argument', () => emergencyNeed(texts!, size!));
  }
});
