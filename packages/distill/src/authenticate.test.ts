import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { SecretBytes } from '@skykey/bits';
import fc from 'fast-check';
import { checkTag, type Direction, forgeryBound, PolynomialHash, TAG_BYTES, Transcript, tag } from './authenticate.ts';
import { distil, twoSites } from './test/benchtop.ts';

fc.configureGlobal({ seed: 1979 });

const bytes16 = fc.uint8Array({ minLength: 16, maxLength: 16 });
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const message = fc.uint8Array({ maxLength: 60 });
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const secret = (bytes: Uint8Array): SecretBytes => SecretBytes.adopt(new Uint8Array(bytes));

const point = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const pad = Uint8Array.from({ length: 16 }, (_, i) => 0xf0 + i);
const tagOf = (
  messages: readonly Uint8Array[],
  context = 'session 1',
  p: Uint8Array = point,
  q: Uint8Array = pad,
): string => hex(tag(secret(p), secret(q), messages, context));

/** The text that is hashed, by its definition: kind, length in 8 bytes, content of each record, the context last. */
function framed(records: readonly (readonly [kind: number, content: Uint8Array])[], context: string): Uint8Array {
  const all = [...records, [0, text(context)] as const];
  return Uint8Array.from(
    all.flatMap(([kind, content]) => [
      kind,
      ...new Uint8Array(BigUint64Array.of(BigInt(content.length)).buffer),
      ...content,
    ]),
  );
}

/** Digest plus pad modulo 2^128. */
function twin(p: Uint8Array, q: Uint8Array, whole: Uint8Array): string {
  const little = (bytes: Uint8Array): bigint => bytes.reduceRight((v, byte) => v * 256n + BigInt(byte), 0n);
  const sum = (little(new PolynomialHash(p).update(whole).digest()) + little(q)) % 2n ** 128n;
  return hex(Uint8Array.from({ length: 16 }, (_, i) => Number((sum >> BigInt(8 * i)) & 255n)));
}

describe('tag', () => {
  it('is the hash of the framed text plus the pad modulo 2^128', () => {
    fc.assert(
      fc.property(
        bytes16,
        bytes16,
        fc.array(message, { maxLength: 5 }),
        fc.string({ unit: 'grapheme' }),
        (p, q, messages, context) => {
          const whole = framed(
            messages.map((m) => [3, m] as const),
            context,
          );
          assert.equal(tagOf(messages, context, p, q), twin(p, q, whole));
        },
      ),
    );
  });

  it('agrees with a value computed elsewhere', () => {
    assert.equal(tagOf([text('photons'), text('')]), 'e9f382fb160a710e1cceac13cb1f7c46');
  });

  it('attack: moving a boundary between messages', () => {
    const cuts = [['ab', 'c'], ['a', 'bc'], ['abc'], ['abc', ''], ['', 'abc'], ['a', 'b', 'c'], ['c', 'ab']];
    assert.equal(new Set(cuts.map((cut) => tagOf(cut.map(text)))).size, cuts.length);
  });

  it('attack: a message that contains the framing of another', () => {
    const inner = [3, 1, 0, 0, 0, 0, 0, 0, 0, 0x62];
    assert.notEqual(tagOf([Uint8Array.of(0x61, ...inner)]), tagOf([text('a'), text('b')]));
    const context = [0, 9, 0, 0, 0, 0, 0, 0, 0, ...text('session 1')];
    assert.notEqual(tagOf([Uint8Array.from(context)]), tagOf([]));
  });

  it('attack: a tag for one purpose presented for another', () => {
    const contexts = ['session 1', 'session 10', 'session 1 ', 'Session 1', ''];
    assert.equal(new Set(contexts.map((context) => tagOf([text('go')], context))).size, contexts.length);
    assert.notEqual(tagOf([text('0')], 'session 1'), tagOf([], 'session 10'));
  });

  it('attack: dropping, repeating, swapping messages', () => {
    const variants = [['x', 'y'], ['y', 'x'], ['x'], ['y'], ['x', 'x', 'y'], ['x', 'y', 'y'], []];
    assert.equal(new Set(variants.map((v) => tagOf(v.map(text)))).size, variants.length);
  });

  it('attack: flipping any one bit of a message', () => {
    const original = Uint8Array.from({ length: 33 }, (_, i) => 7 * i);
    const tags = new Set([tagOf([original])]);
    for (let bit = 0; bit < original.length * 8; bit++) {
      const forged = original.slice();
      forged[bit >> 3]! ^= 1 << (bit & 7);
      tags.add(tagOf([forged]));
    }
    assert.equal(tags.size, 1 + original.length * 8);
  });

  it('attack: cutting off or adding zero bytes, which the filling of the last block could hide', () => {
    const tags = new Set(Array.from({ length: 40 }, (_, n) => tagOf([new Uint8Array(n)])));
    assert.equal(tags.size, 40);
  });

  it('attack: shifting a known tag by the difference of two digests under another key is of no use', () => {
    const [m, forged] = [[text('10 EUR')], [text('99 EUR')]];
    const number = (littleEndian: string): bigint => BigInt(`0x${hex(Buffer.from(littleEndian, 'hex').reverse())}`);
    const other = Uint8Array.from({ length: 16 }, (_, i) => 3 * i + 5);
    const guess = number(tagOf(forged, 's', other)) - number(tagOf(m, 's', other));
    const attempt = (number(tagOf(m, 's')) + guess + 2n ** 128n) % 2n ** 128n;
    assert.notEqual(attempt, number(tagOf(forged, 's')));
  });

  it('every bit of the pad and of the point counts, but for the top bit of the point', () => {
    const flip = (bytes: Uint8Array, bit: number): Uint8Array => {
      const out = bytes.slice();
      out[bit >> 3]! ^= 1 << (bit & 7);
      return out;
    };
    const base = tagOf([text('m')]);
    for (let bit = 0; bit < 128; bit++) {
      assert.notEqual(tagOf([text('m')], 'session 1', point, flip(pad, bit)), base);
      const atPoint = tagOf([text('m')], 'session 1', flip(point, bit), pad);
      if (bit < 127) assert.notEqual(atPoint, base);
      else assert.equal(atPoint, base);
    }
  });

  it('refuses keys of another size and a context that is no text', () => {
    const bad = { code: 'distill/bad-argument' };
    for (const size of [0, 15, 17, 32]) {
      assert.throws(() => tag(secret(new Uint8Array(size)), secret(pad), [], ''), bad);
      assert.throws(() => tag(secret(point), secret(new Uint8Array(size)), [], ''), bad);
    }
    // Two different lone surrogates would be written as the same bytes.
    assert.throws(() => tag(secret(point), secret(pad), [], '\ud800'), bad);
  });
});

describe('checkTag', () => {
  it('accepts the tag and nothing else', () => {
    const expected = tag(secret(point), secret(pad), [], 'x');
    assert.equal(checkTag(expected, expected.slice()), true);
    for (let bit = 0; bit < 128; bit++) {
      const forged = expected.slice();
      forged[bit >> 3]! ^= 1 << (bit & 7);
      assert.equal(checkTag(expected, forged), false);
    }
  });

  it('attack: a tag cut short, empty or prolonged', () => {
    const expected = tag(secret(point), secret(pad), [], 'x');
    for (const forged of [new Uint8Array(0), expected.subarray(0, 15), Uint8Array.of(...expected, 0)]) {
      assert.equal(checkTag(expected, forged), false);
    }
    assert.equal(checkTag(new Uint8Array(0), new Uint8Array(0)), false);
  });
});

describe('Transcript', () => {
  type Said = readonly (readonly [Direction, Uint8Array])[];
  const transcript = (said: Said): Transcript => {
    const t = new Transcript(secret(point));
    for (const [direction, content] of said) t.add(direction, content);
    return t;
  };
  const sealed = (said: Said, context = 'c'): string => hex(transcript(said).tag(secret(pad), context));
  const a = (value: string) => ['alice-to-bob', text(value)] as const;
  const b = (value: string) => ['bob-to-alice', text(value)] as const;

  it('agrees with a value computed elsewhere', () => {
    assert.equal(sealed([a('bases'), b('01101')], 'session 1, alice'), '08b48f5add715e89aacf96a468b2d524');
  });

  it('is the hash of the framed text, directions included, plus the pad', () => {
    const direction = fc.constantFrom<Direction>('alice-to-bob', 'bob-to-alice');
    fc.assert(
      fc.property(fc.array(fc.tuple(direction, message)), fc.string({ unit: 'grapheme' }), (said, context) => {
        const records = said.map(([from, content]) => [from === 'alice-to-bob' ? 1 : 2, content] as const);
        assert.equal(sealed(said, context), twin(point, pad, framed(records, context)));
      }),
    );
  });

  it('attack: reflection, reordering, dropping, repeating, moving a boundary, other context', () => {
    const forgeries: Said[] = [
      [a('x'), b('y')],
      [b('x'), b('y')],
      [a('x'), a('y')],
      [b('x'), a('y')],
      [b('y'), a('x')],
      [a('x')],
      [b('y')],
      [a('x'), b('y'), b('y')],
      [a('x'), a(''), b('y')],
      [a('xy')],
      [],
    ];
    assert.equal(new Set([...forgeries.map((said) => sealed(said)), sealed([a('x'), b('y')], 'd')]).size, 12);
  });

  it('attack: a message that ends the text itself, with a context of its own', () => {
    assert.notEqual(sealed([], 'c'), sealed([['alice-to-bob', Uint8Array.of(0, 1, 0, 0, 0, 0, 0, 0, 0, 0x63)]], 'c'));
  });

  it('attack: its tag is not one of loose messages, nor the other way round', () => {
    assert.notEqual(sealed([a('x')], 'c'), tagOf([text('x')], 'c'));
    assert.equal(sealed([], 'c'), tagOf([], 'c'));
  });

  it('goes on after a tag; an earlier tag leaves no trace in a later one', () => {
    const t = transcript([a('x')]);
    t.tag(secret(new Uint8Array(16)), 'early');
    t.add('bob-to-alice', text('y'));
    assert.equal(hex(t.tag(secret(pad), 'c')), sealed([a('x'), b('y')]));
  });

  it('a refused pad does not disturb it', () => {
    const t = transcript([a('x')]);
    assert.throws(() => t.tag(secret(new Uint8Array(15)), 'c'), { code: 'distill/bad-argument' });
    assert.equal(hex(t.tag(secret(pad), 'c')), sealed([a('x')]));
  });

  it('outlives the wiping of the point it was made from, but not its own', () => {
    const key = secret(point);
    const t = new Transcript(key);
    key.wipe();
    t.add('alice-to-bob', text('x'));
    assert.equal(hex(t.tag(secret(pad), 'c')), sealed([a('x')]));
    t.wipe();
    assert.throws(() => t.add('alice-to-bob', text('x')), { code: 'distill/wiped' });
    assert.throws(() => t.tag(secret(pad), 'c'), { code: 'distill/wiped' });
  });

  it('does not show its point in a log or in JSON', () => {
    const t = transcript([a('x')]);
    assert.equal(inspect(t, { showHidden: true, depth: 9 }), 'Transcript { [textBytes]: [Getter] }');
    assert.equal(JSON.stringify(t), '{}');
  });

  it('refuses a point of another size', () => {
    assert.throws(() => new Transcript(secret(new Uint8Array(8))), { code: 'distill/bad-argument' });
  });
});

describe('the forgery bound', () => {
  /**
   * The scheme of any size: prime 2^q - 1, a text of numbers below it as blocks, its length as one more, pads and tags
   * modulo 2^(q + 1).
   */
  function digest(q: number, point: bigint, blocks: readonly bigint[], length: bigint): bigint {
    const p = (1n << BigInt(q)) - 1n;
    const r = point % p;
    return [...blocks, length].reduce((h, c) => ((h + c) * r) % p, 0n);
  }

  /** Every text of at most `most` blocks below `values`. */
  function texts(values: number, most: number): bigint[][] {
    const all: bigint[][] = [[]];
    for (let at = 0; all[at]!.length < most; at++) {
      for (let v = 0; v < values; v++) all.push([...all[at]!, BigInt(v)]);
    }
    return all;
  }

  /** Digests at all 2^q strings for the point. */
  const atAllPoints = (q: number, text: readonly bigint[]): Int32Array =>
    Int32Array.from({ length: 2 ** q }, (_, r) => Number(digest(q, BigInt(r), text, BigInt(text.length))));

  /** The largest number of points at which the digests of two texts differ by one and the same integer. */
  function mostPoints(a: Int32Array, b: Int32Array): number {
    const points = new Uint16Array(2 * a.length);
    for (let r = 0; r < a.length; r++) points[b[r]! - a[r]! + a.length]!++;
    return points.reduce((most, count) => Math.max(most, count));
  }

  it('is about the scheme in use: the same formula at q = 127 is the hash', () => {
    fc.assert(
      fc.property(bytes16, fc.uint8Array({ maxLength: 100 }), (r, whole) => {
        const little = (bytes: Uint8Array): bigint => bytes.reduceRight((v, byte) => v * 256n + BigInt(byte), 0n);
        const blocks = Array.from({ length: Math.ceil(whole.length / 15) }, (_, i) =>
          little(whole.subarray(15 * i, 15 * i + 15)),
        );
        const expected = digest(127, little(r) & (2n ** 127n - 1n), blocks, BigInt(whole.length));
        assert.equal(little(new PolynomialHash(r).update(whole).digest()), expected);
      }),
    );
  });

  it('holds for every pair of texts of up to 3 blocks over p = 31, and is reached', () => {
    const all = texts(8, 3).map((text) => ({ k: text.length + 1, digests: atAllPoints(5, text) }));
    const worst = [0, 0, 0, 0, 0];
    for (const [i, a] of all.entries()) {
      for (const b of all.slice(0, i)) {
        const most = mostPoints(a.digests, b.digests);
        const k = Math.max(a.k, b.k);
        assert(most <= k + 1);
        worst[k] = Math.max(worst[k]!, most);
      }
    }
    assert.deepEqual(worst.slice(2), [3, 4, 5]);
  });

  it('holds over p = 8191 for texts of up to 12 blocks', () => {
    const next = fc.sample(fc.array(fc.bigInt({ min: 0n, max: 255n }), { minLength: 0, maxLength: 12 }), 14);
    const all = next.map((text) => ({ text, k: text.length + 1, digests: atAllPoints(13, text) }));
    for (const [i, a] of all.entries()) {
      for (const b of all.slice(0, i)) {
        if (a.text.join() === b.text.join()) continue;
        assert(mostPoints(a.digests, b.digests) <= Math.max(a.k, b.k) + 1);
      }
    }
  });

  it('holds for whoever has seen a tag, whatever it was: the whole game over p = 7, key by key', () => {
    const q = 3;
    const tags = 2 ** (q + 1);
    const all = texts(4, 2).map((text) => ({ k: text.length + 1, digests: atAllPoints(q, text) }));
    let best = 0;
    for (const seen of all) {
      for (let t = 0; t < tags; t++) {
        for (const forged of all) {
          if (forged === seen) continue;
          const passes = new Uint8Array(tags);
          let keys = 0;
          for (let r = 0; r < 2 ** q; r++) {
            for (let pad = 0; pad < tags; pad++) {
              if ((seen.digests[r]! + pad) % tags !== t) continue;
              keys++;
              passes[(forged.digests[r]! + pad) % tags]!++;
            }
          }
          assert.equal(keys, 2 ** q, 'a tag leaves every point as likely as before');
          const share = Math.max(...passes) / keys;
          assert(share <= (Math.max(seen.k, forged.k) + 1) / 2 ** q);
          best = Math.max(best, share);
        }
      }
    }
    assert.equal(best, 4 / 8);
  });

  it('is what the docstring says in numbers', () => {
    assert.equal(forgeryBound(0), 2 ** -126);
    assert.equal(forgeryBound(15), 3 / 2 ** 127);
    assert.equal(forgeryBound(16, 3), 12 / 2 ** 127);
    assert.equal(Math.round(Math.log2(forgeryBound(12.5e6))), -107);
    const transcript = new Transcript(secret(point))
      .add('alice-to-bob', new Uint8Array(100))
      .add('bob-to-alice', text(''));
    assert.equal(transcript.textBytes, 118);
  });

  it('a session spends at most 512 bits of key on its tags', async () => {
    const sites = twoSites();
    const { alice, bob } = await distil({ sites });
    for (const [party, { pads }] of [
      [alice, sites.alice],
      [bob, sites.bob],
    ] as const) {
      assert.equal(party.report?.verdict, 'accepted');
      assert.equal(party.report.authenticationBitsSpent, pads.touched.length * TAG_BYTES * 8);
      assert(party.report.authenticationBitsSpent <= 512);
    }
  });
});
