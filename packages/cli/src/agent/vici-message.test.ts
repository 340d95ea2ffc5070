import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CliError } from '../error.ts';
import { decodeMessage, encodeMessage, type ViciSection } from './vici-message.ts';

describe('vici messages', () => {
  it('are those of strongSwan’s documentation', () => {
    // README.md of the plugin, "Message format": key1 = value1, section1 { sub-section { key2 = value2 } list1 = [item1, item2] }.
    const message = { key1: 'value1', section1: { 'sub-section': { key2: 'value2' }, list1: ['item1', 'item2'] } };
    const text = (value: string): number[] => [...Buffer.from(value)];
    const bytes = [
      ...[3, 4, ...text('key1'), 0, 6, ...text('value1')],
      ...[1, 8, ...text('section1')],
      ...[1, 11, ...text('sub-section')],
      ...[3, 4, ...text('key2'), 0, 6, ...text('value2')],
      2,
      ...[4, 5, ...text('list1')],
      ...[5, 0, 5, ...text('item1')],
      ...[5, 0, 5, ...text('item2')],
      ...[6, 2],
    ];
    assert.deepEqual([...encodeMessage(message)], bytes);
    assert.equal(JSON.stringify(decodeMessage(Uint8Array.from(bytes))), JSON.stringify(message));
  });

  it('come back as they went', () => {
    const name = fc
      .string({ minLength: 1, maxLength: 20, unit: 'grapheme-ascii' })
      .filter((text) => !/^\d+$/.test(text) && text !== '__proto__');
    const { section } = fc.letrec<{ section: ViciSection }>((tie) => ({
      section: fc.dictionary(
        name,
        fc.oneof({ depthSize: 'small' }, fc.string(), fc.array(fc.string(), { maxLength: 4 }), tie('section')),
        { maxKeys: 5 },
      ),
    }));
    fc.assert(
      fc.property(section, (message) => {
        assert.equal(JSON.stringify(decodeMessage(encodeMessage(message))), JSON.stringify(message));
      }),
      { numRuns: 500, seed: 6 },
    );
  });

  it('are refused in one sentence when they are none', () => {
    const few = fc.oneof(fc.integer({ min: 0, max: 8 }), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(few, { maxLength: 24 }), (bytes) => {
        try {
          decodeMessage(Uint8Array.from(bytes));
        } catch (error) {
          assert.ok(error instanceof CliError && error.code === 'agent/vici');
        }
      }),
      { numRuns: 20_000, seed: 7 },
    );
    for (const bytes of [[1, 1, 65], [2], [3, 1, 65, 0, 9, 65], [4, 1, 65, 3], [5, 0, 0], [9]]) {
      assert.throws(() => decodeMessage(Uint8Array.from(bytes)), { code: 'agent/vici' });
    }
    const deep = Uint8Array.from(Array.from({ length: 100 }, () => [1, 1, 65]).flat());
    assert.throws(() => decodeMessage(deep), /nested deeper/);
    assert.throws(() => encodeMessage({ '': 'x' }), /1 to 255 bytes/);
    assert.throws(() => encodeMessage({ a: 'x'.repeat(65_536) }), /at most 65,535 bytes/);
  });
});
