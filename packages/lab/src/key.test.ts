import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { keyLength, type ProofName, securedKeyLength } from '@skykey/finitekey';
import { attackNamed, attacks, counts, type PassInput, usualMonitors } from '@skykey/photons';
import { assumptionOf } from './assumptions.ts';
import { declarationOf } from './declaration.ts';
import { KeyCounts, type KeyRules } from './key.ts';
import { miciusLink } from './test/micius.ts';

const link = miciusLink();
const rules = (proof: ProofName): KeyRules => ({ ...link.rules, proof });

/** Counts of a pass under a clear sky, from the beginning of which an attack goes on; and what is known of its sifted key. */
function played(attack: string, strength: number, bins = link.trace.channelTransmittance.length) {
  const { source, receiver } = link;
  const trace = {
    ...link.trace,
    channelTransmittance: link.trace.channelTransmittance.slice(0, bins),
    noisePerGate: link.trace.noisePerGate.slice(0, bins),
  };
  const time = { fromS: 0, toS: trace.channelTransmittance.length * trace.binS };
  const { kind, create } = attackNamed(attack);
  const input: PassInput = { trace, source, receiver, seed: 5, monitors: usualMonitors };
  const adversary = { disturbances: [create(strength, time)], ...(kind === 'attack' ? { collects: time } : {}) };
  const counted = new KeyCounts(source, receiver);
  let sifted = 0;
  let knownBits = 0;
  for (const { observation, ledger } of counts(kind === 'none' ? input : { ...input, ...adversary })) {
    counted.add(observation);
    sifted += ledger.sifted;
    knownBits += ledger.knownBits;
  }
  return { counted, sifted, knownBits };
}

describe('the key of the lab', () => {
  const clean = played('none', 0).counted;
  const declared = declarationOf(link);

  it('is that of a session or what side channels leave, whichever is less', () => {
    assert.equal(link.rules.proof, 'tilted');
    for (const proof of ['tilted', 'tilted-one-way', 'clopper-pearson', 'lim2014-hoeffding'] as const) {
      const { request, document } = clean.question(rules(proof));
      const key = clean.key(rules(proof), declared);
      assert.equal(key.releasedBits, keyLength(proof, document).secretBits);
      assert.equal(key.securedBits, securedKeyLength({ ...request, sideChannels: declared }).secretBits);
      assert.equal(key.secretBits, key.securedBits);
      assert.ok(key.securedBits > 1e5 && key.securedBits < key.releasedBits, proof);
      assert.ok(key.provenBits < key.siftedBits && key.refused === null);
    }
  });

  it('pays for the tag of a session once, in either form', () => {
    const { request, document } = clean.question(rules('lim2014-hoeffding'));
    const one = keyLength('lim2014-hoeffding', document);
    const other = securedKeyLength({ ...request, sideChannels: {} });
    assert.ok(Math.abs(one.rawSecretBits - other.rawSecretBits) < 1e-6);
  });

  it('is none of a second of light, and says so', () => {
    const few = played('none', 0, 2).counted.key(link.rules, {});
    assert.equal(few.secretBits, 0);
    assert.match(few.refused!, /Nothing is left/);
  });
});

describe('the proof of a session, side channels aside', () => {
  // Those that rest on no assumption, and that are after the key: under noise there is none.
  const resting = attacks.filter((attack) => attack.kind === 'attack' && assumptionOf(attack) === null);
  const after = resting.filter(({ name }) => name !== 'jamming' && name !== 'dazzling');

  for (const { name, strength } of after) {
    it(`grants no bit that is known by ${name}`, () => {
      for (const part of [1, 0.3]) {
        const { counted, sifted, knownBits } = played(name, part * strength.usual);
        for (const proof of ['tilted', 'tilted-one-way', 'clopper-pearson'] as const) {
          const { document } = counted.question(rules(proof));
          const { secretBits, terms } = keyLength(proof, document);
          const granted = secretBits - terms.leak! - terms.privacyAmplification! - terms.verification!;
          assert.ok(secretBits > 0 && knownBits > 0);
          assert.ok(granted <= sifted - knownBits, `${proof}: ${granted} of ${sifted - knownBits}`);
        }
      }
    });
  }
});
