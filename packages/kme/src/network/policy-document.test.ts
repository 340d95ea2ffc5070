import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { KmeError } from '../error.ts';
import type { Policy } from './policy.ts';
import { readPolicy } from './policy-document.ts';
import { lineOf } from './policy-lines.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const RULE = { between: ['alice', 'bob'], maxRelays: 3, epsSec: 1e-8, epsCor: 1e-14, proofs: ['tilted'] };

// biome-ignore lint/suspicious/noExplicitAny: what people write may be anything
const policy = (...rules: any[]): Policy => readDocument({ rules });
// biome-ignore lint/suspicious/noExplicitAny: what people write may be anything
const readDocument = (document: any): Policy =>
  readPolicy(bytes(JSON.stringify({ format: 'skykey-policy/1', ...document }, null, 2)));

// biome-ignore lint/suspicious/noExplicitAny: what people write may be anything
const refused = (rule: any, says: RegExp): void => refusedDocument({ rules: [{ ...RULE, ...rule }] }, says);
// biome-ignore lint/suspicious/noExplicitAny: what people write may be anything
function refusedDocument(document: any, says: RegExp): void {
  assert.throws(
    () => readDocument(document),
    (error) => {
      assert.ok(error instanceof KmeError && error.code === 'kme/policy', String(error));
      assert.match(error.message, says);
      return true;
    },
  );
}

describe('a policy document', () => {
  it('says by rule what a pair may have, and what it leaves out is as strict as can be', () => {
    assert.deepEqual(policy(RULE).rulesFor(['bob', 'alice']), {
      rule: 'rules[0]',
      minPaths: 1,
      maxRelays: 3,
      routeType: 'any',
      distinct: 'group',
      allowJurisdictions: null,
      denyJurisdictions: [],
      denyNodes: [],
      maxAgeMs: null,
      epsSec: 1e-8,
      epsCor: 1e-14,
      proofs: ['tilted'],
      simulated: false,
      keyBits: { min: 64, max: 4096 },
      quota: { rate: null, bitsPerDay: null, keysWaiting: null },
    });
    assert.equal(policy(RULE).rulesFor(['alice', 'eve']), undefined);
    assert.deepEqual(policy().pairs, []);
  });

  it('takes everything that a rule can say', () => {
    const full = policy({
      ...RULE,
      minPaths: 2,
      routeType: 'relayed',
      distinct: 'owner',
      jurisdictions: { allow: ['CH', 'ORBIT'], deny: ['CN'] },
      denyNodes: ['S2'],
      maxAgeMs: 3_600_000,
      simulated: true,
      keyBits: { min: 128, max: 256 },
      quota: { bitsPerS: 1000, burstBits: 4096, bitsPerDay: 1_000_000, keysWaiting: 64 },
    }).rulesFor(['alice', 'bob'])!;
    assert.deepEqual(full.quota, { rate: { bitsPerS: 1000, burstBits: 4096 }, bitsPerDay: 1_000_000, keysWaiting: 64 });
    assert.deepEqual(
      [full.allowJurisdictions, full.denyJurisdictions, full.distinct, full.keyBits],
      [['CH', 'ORBIT'], ['CN'], 'owner', { min: 128, max: 256 }],
    );
    assert.equal(
      policy({ ...RULE, maxRelays: undefined, routeType: 'direct' }).rulesFor(['alice', 'bob'])!.maxRelays,
      0,
    );
  });

  it('expands groups into pairs, each once', () => {
    const groups = { banks: ['a', 'b', 'c'], states: ['x', 'y'] };
    const of = (between: unknown): string[] =>
      readDocument({ groups, rules: [{ ...RULE, between }] }).pairs.map((pair) => pair.join('-'));
    assert.deepEqual(of([{ group: 'banks' }, { group: 'banks' }]), ['a-b', 'a-c', 'b-c']);
    assert.deepEqual(of([{ group: 'banks' }, { group: 'states' }]), ['a-x', 'a-y', 'b-x', 'b-y', 'c-x', 'c-y']);
    assert.deepEqual(of(['b', { group: 'banks' }]), ['a-b', 'b-c']);
    // An asterisk is a character of RFC 3986 like any other.
    assert.deepEqual(of(['a*', 'b']), ['a*-b']);
  });

  it('reads the example of its own description', () => {
    const source = readFileSync(new URL('policy-document.ts', import.meta.url), 'utf8');
    const example = source
      .split('*/')[0]!
      .split('\n')
      .flatMap((line) => /^ \* {5}(.*)$/.exec(line)?.[1] ?? []);
    assert.deepEqual(readPolicy(bytes(example.join('\n'))).pairs, [
      ['bank-bern', 'clearing-house'],
      ['bank-wien', 'clearing-house'],
    ]);
  });

  it('refuses what contradicts itself, with the field, its line and the remedy', () => {
    refused(
      { minPaths: 2, routeType: 'direct', maxRelays: 0 },
      /^rules\[0\]\.minPaths \(line 15\) is 2 with routeType "direct".*make it 1, or allow relays$/,
    );
    refused({ minPaths: 2, maxRelays: 0 }, /is 2 with maxRelays 0/);
    refused({ routeType: 'direct' }, /^rules\[0\]\.maxRelays \(line 9\) is 3 with routeType "direct"; make it 0/);
    refused({ routeType: 'relayed', maxRelays: 0 }, /is 0 with routeType "relayed"/);
    refused(
      { jurisdictions: { allow: ['CH', 'FR'], deny: ['DE', 'CH'] } },
      /^rules\[0\]\.jurisdictions\.deny\[1\] \(line \d+\) is CH, which is allowed as well/,
    );
    refused({ jurisdictions: { allow: [] } }, /empty list of jurisdictions: nothing would be left/);
    refused({ proofs: [] }, /empty list of proofs/);
    refused({ keyBits: { min: 512, max: 256 } }, /^rules\[0\]\.keyBits\.min .* is 512 and max is 256/);
    refused({ quota: { bitsPerS: 100, burstBits: 32 } }, /quota\.burstBits .* is 32 and the smallest key has 64 bits/);
    refused({ quota: { bitsPerDay: 63 } }, /quota\.bitsPerDay .* no key would ever leave/);
    refused({ quota: { bitsPerS: 100 } }, /one of bitsPerS and burstBits/);
    refused({ between: ['alice', 'alice'] }, /joins an application with itself/);
    refusedDocument(
      { rules: [RULE, { ...RULE, between: ['bob', 'alice'] }] },
      /^rules\[1\]\.between \(line 17\) gives bob and alice a rule, and rules\[0\] does so, too/,
    );
    refusedDocument(
      { groups: { g: ['alice', 'bob'] }, rules: [RULE, { ...RULE, between: [{ group: 'g' }, { group: 'g' }] }] },
      /a pair has one rule/,
    );
  });

  it('refuses what is missing, unknown or of another kind', () => {
    for (const field of ['between', 'maxRelays', 'epsSec', 'epsCor', 'proofs']) {
      refused({ [field]: undefined }, new RegExp(`^rules\\[0\\] \\(line \\d+\\) has no "${field}"`));
    }
    refused({ minPath: 2 }, /^rules\[0\]\.minPath \(line 15\) is not known here; known are between, minPaths/);
    refused({ quota: { bits: 2 } }, /quota\.bits .* is not known/);
    refused({ between: ['alice'] }, /has 1 entries; it must have two/);
    refused({ between: ['alice', { group: 'g' }] }, /is "g", which is no group of this policy/);
    refused({ between: ['alice', { group: 'toString' }] }, /no group of this policy/);
    refused({ between: ['alice', 'b b'] }, /is "b b"; an SAE ID has/);
    refused({ between: ['alice', 7] }, /is 7; it must be an object/);
    refused({ minPaths: 0 }, /whole number from 1 to 8/);
    refused({ minPaths: '2' }, /is "2"; it must be a whole number/);
    refused({ epsSec: 0 }, /above 0 and below 1/);
    refused({ epsCor: 1 }, /above 0 and below 1/);
    refused({ simulated: 'yes' }, /true or false/);
    refused({ routeType: 'fast' }, /one of direct, relayed, any/);
    refused({ keyBits: { min: 65, max: 256 } }, /is 65; key sizes are multiples of 8/);
    refused({ jurisdictions: { deny: ['Switzerland'] } }, /two capital letters/);
    refused({ denyNodes: ['S1', 'S1'] }, /is S1 for the second time/);
    refused({ proofs: [''] }, /must be the name of one proof/);
    refused({ proofs: ['tilted + other'] }, /must be the name of one proof/);
    refused({ maxAgeMs: null }, /is null; it must be a whole number/);
    refusedDocument({ rules: {} }, /^rules \(line 3\) is {}; it must be a list/);
    refusedDocument({}, /^the policy \(line 1\) has no "rules"/);
    refusedDocument({ rules: [], rule: [] }, /^rule \(line 4\) is not known/);
    refusedDocument({ groups: { g: [] }, rules: [] }, /^groups\.g .* empty list of SAE IDs/);
    assert.throws(() => readPolicy(bytes('{"format": "skykey-policy/2"}')), /this version reads "skykey-policy\/1"/);
    assert.throws(() => readPolicy(bytes('[]')), /the policy \(line 1\) is \[\]; it must be an object/);
    const many = Array.from({ length: 500 }, (_, i) => `sae-${i}`);
    refusedDocument(
      { groups: { many }, rules: [{ ...RULE, between: [{ group: 'many' }, { group: 'many' }] }] },
      /more than 100000 pairs/,
    );
  });

  it('refuses text that is no JSON, or that two readers could read differently, with the line', () => {
    const bad = (text: string, says: RegExp): void =>
      assert.throws(
        () => readPolicy(bytes(text)),
        (error) => error instanceof KmeError && says.test(error.message),
      );
    bad('{\n"format": "skykey-policy/1",\n}', /^the policy is not JSON: .*\(line 3\)$/);
    bad('{"rules": [],\n "rules": []}', /stands twice.*\(line 2\)/);
    bad('{"__proto__": []}', /__proto__/);
    bad('', /not JSON/);
    assert.throws(() => readPolicy(Uint8Array.of(0x22, 0xff, 0x22)), /not JSON: the body is not valid UTF-8/);
  });

  it('throws its own errors and no other, whatever it is given', () => {
    const value = fc.oneof(
      fc.constantFrom(
        0,
        1,
        2,
        -1,
        1.5,
        null,
        true,
        'alice',
        'bob',
        [],
        {},
        ['alice', 'bob'],
        { group: 'g' },
        ['CH'],
        'direct',
      ),
      fc.jsonValue({ maxDepth: 2 }),
    );
    const member = fc.constantFrom(
      ...Object.keys(RULE),
      'minPaths',
      'routeType',
      'jurisdictions',
      'keyBits',
      'quota',
      'maxAgeMs',
      'x',
    );
    const rule = fc
      .array(fc.tuple(member, value), { maxLength: 3 })
      .map((some) => ({ ...RULE, ...Object.fromEntries(some) }));
    const text = fc
      .record({
        rules: fc.oneof(fc.array(rule, { maxLength: 3 }), value),
        groups: fc.oneof(fc.constant({ g: ['alice', 'eve'] }), value),
      })
      .map((document) => JSON.stringify({ format: 'skykey-policy/1', ...document }));
    const broken = text.chain((whole) =>
      fc
        .tuple(fc.nat(whole.length), fc.string({ maxLength: 2 }))
        .map(([at, noise]) => whole.slice(0, at) + noise + whole.slice(at + 1)),
    );
    let read = 0;
    fc.assert(
      fc.property(fc.oneof(text, broken, fc.string()), (document) => {
        try {
          readPolicy(bytes(document));
          read++;
        } catch (error) {
          assert.ok(error instanceof KmeError && error.code === 'kme/policy', `${document}: ${error}`);
        }
      }),
      { numRuns: 20_000, seed: 5 },
    );
    assert.ok(read > 500, `${read} were good`);
  });
});

describe('the line of a field', () => {
  it('is where its value stands, whatever lies before', () => {
    const document = fc.jsonValue({ maxDepth: 4 });
    fc.assert(
      fc.property(document, fc.string(), (before, name) => {
        const written = { a: before, [`${name}x`]: [before, { needle: before, 'a"b\\': 1 }], z: 1 };
        const text = JSON.stringify(written, null, 1);
        const lines = text.split('\n');
        const line = lineOf(text, [`${name}x`, 1, 'a"b\\']);
        assert.match(lines[line - 1]!, /^\s*"a\\"b\\\\": 1$/);
        assert.match(lines[lineOf(text, ['z']) - 1]!, /^ "z": 1$/);
        // A field that is missing: the line of what it is missing from.
        assert.equal(lineOf(text, [`${name}x`, 1, 'none']), lineOf(text, [`${name}x`, 1]));
      }),
      { seed: 8 },
    );
  });
});
