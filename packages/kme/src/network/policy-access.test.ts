import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AccessScene, accessMatrix, ENDPOINTS } from './policy-access.ts';
import { readPolicy } from './policy-document.ts';

const rule = (a: string, b: string) => ({
  between: [a, b],
  maxRelays: 3,
  epsSec: 1e-8,
  epsCor: 1e-14,
  proofs: ['tilted'],
});
const scene: AccessScene = {
  policy: readPolicy(
    new TextEncoder().encode(
      JSON.stringify({ format: 'skykey-policy/1', rules: [rule('a1', 'b1'), rule('a1', 'c1'), rule('a2', 'b1')] }),
    ),
  ),
  kmeId: 'A',
  kmeOf: new Map([
    ['a1', 'A'],
    ['a2', 'A'],
    ['b1', 'B'],
    ['b2', 'B'],
    ['c1', 'C'],
  ]),
  operators: ['op'],
  stranger: 'zoe',
};

describe('the access matrix', () => {
  const cells = accessMatrix(scene);
  const passing = (endpoint: string): string[] =>
    cells
      .filter((cell) => cell.endpoint === endpoint && cell.expected === 'pass')
      .map(({ caller, object }) => `${caller} ${object.join('>')}`);

  it('has every role at every endpoint about every object, once', () => {
    const names = cells.map(({ role, caller, endpoint, object }) => JSON.stringify([role, caller, endpoint, object]));
    assert.equal(new Set(names).size, names.length);
    for (const { name } of ENDPOINTS) {
      const roles = new Set(cells.filter(({ endpoint }) => endpoint === name).map(({ role }) => role));
      assert.deepEqual([...roles].sort(), ['kme', 'nobody', 'operator', 'sae', 'stranger']);
    }
    // 11 callers; 4 doors for pairs with 6 objects, 2 for keys with 3, one for 20 assignments, 2 for the site.
    assert.equal(cells.length, 11 * (4 * 6 + 2 * 3 + 20 + 2));
  });

  it('lets applications of this site ask about pairs that a rule names', () => {
    for (const endpoint of ['014 status', '014 enc_keys', '004 open', 'SKIP key']) {
      assert.deepEqual(passing(endpoint), ['a1 b1', 'a2 b1', 'a1 c1']);
    }
    const of = (caller: string, object: string) =>
      cells.find((cell) => cell.endpoint === '014 enc_keys' && cell.caller === caller && cell.object[0] === object)!
        .expected;
    assert.equal(of('a1', 'zoe'), 'unknown-sae');
    assert.equal(of('a1', 'b2'), 'unauthorized');
    assert.equal(of('b1', 'a1'), 'unauthorized');
    assert.equal(of('zoe', 'a1'), 'unauthorized');
    assert.equal(of('B', 'a1'), 'handshake');
  });

  it('gives a key to its slave alone, and hears a KME for its own applications alone', () => {
    assert.deepEqual(passing('014 dec_keys'), ['a1 b1>a1', 'a2 b1>a2', 'a1 c1>a1']);
    assert.deepEqual(passing('peer assign'), ['B b1>a1', 'B b1>a2', 'C c1>a1']);
    assert.deepEqual(passing('metrics'), ['op A']);
  });
});
