import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PhotonsError } from '../error.ts';
import { Branches, type Light, Statistics } from '../light/branches.ts';
import { type BinConditions, honestConditions } from '../light/conditions.ts';
import { type PulseKinds, pulseKinds } from '../light/kinds.ts';
import { type Receiver, type Source, stateAngleRad } from '../link.ts';
import { buildResponses, CountLaw, emptyResponses, type Responses } from './response.ts';

const source: Source = {
  pulseRateHz: 1e8,
  basisXProbability: 0.5,
  intensities: [{ name: 'signal', meanPhotons: 0.5, probability: 1 }],
};
const receiver: Receiver = { basisXProbability: 0.5, misalignment: 0, deadTimeNs: 50, jitterPs: 30, gateNs: 1 };
const kinds: PulseKinds = pulseKinds(source);

function conditionsOf(change: Partial<Receiver> = {}): BinConditions {
  const link = { source, receiver: { ...receiver, ...change }, channelTransmittance: 0.01, receiverTransmittance: 0.5 };
  return honestConditions({ ...link, noiseHz: [0, 0, 0, 0] }, { bin: 0, startS: 0, durationS: 1 });
}

function answer(lights: readonly Light[], conditions: BinConditions, attacked = false): Responses {
  const branches = new Branches();
  for (const light of lights) branches.add(0, 1 / lights.length, light, { guess: 0.5, attacked });
  return buildResponses(branches, kinds, conditions, emptyResponses());
}

const near = (actual: number, expected: number, tolerance = 1e-12): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);

test('each state is certain in its own basis and even in the other, misalignment and impurity aside', () => {
  const e = 0.03;
  for (const state of [0, 1, 2, 3] as const) {
    const light = { statistics: Statistics.coherent, amount: 0.2, angleRad: stateAngleRad[state], purity: 0.9 };
    const { share, amount, law } = answer([light], conditionsOf({ misalignment: e }));
    assert.equal(law[0], CountLaw.poisson);
    near(amount[0]!, 0.2 * 0.5);
    const visibility = 0.9 * (1 - 2 * e);
    for (let d = 0; d < 4; d++) {
      const expected = d === state ? (1 + visibility) / 2 : d >> 1 === state >> 1 ? (1 - visibility) / 2 : 0.5;
      near(share[d]!, expected / 2);
    }
  }
});

test('counts of light at any angle are divided without loss', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -7, max: 7, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (angleRad, purity, basisXProbability) => {
        const light = { statistics: Statistics.fock, amount: 3, angleRad, purity };
        const { share, amount, click } = answer([light], conditionsOf({ basisXProbability }));
        near(amount[0]!, 0.5);
        near(click[0]!, 1 - 0.5 ** 3);
        near(share[0]! + share[1]! + share[2]! + share[3]!, 1);
        assert.ok(share.subarray(0, 4).every((part) => part >= 0));
      },
    ),
  );
});

test('an active choice looks at one basis in each slot', () => {
  const light = { statistics: Statistics.coherent, amount: 0.2, angleRad: stateAngleRad[1] };
  const out = answer([light], conditionsOf({ basisXProbability: 0.3, flaws: { basisChoice: 'active' } }));
  assert.equal(out.count, 2);
  assert.deepEqual(Array.from(out.branch.subarray(0, 2)), [0, 0]);
  near(out.probability[0]!, 0.3);
  near(out.probability[1]!, 0.7);
  near(out.share[1]!, 1);
  near(out.share[4 + 2]!, 0.5);
  near(out.share[4 + 3]!, 0.5);
  near(out.amount[0]!, 0.1);
  near(out.amount[1]!, 0.1);
});

test('detectors differ in efficiency, time, angle and wavelength', () => {
  const flaws = {
    detectors: [
      { efficiency: 0.5 },
      { timeResponse: { centrePs: 100, widthPs: 200 }, delayPs: 70 },
      { angleResponse: { centreMicroRad: 10, widthMicroRad: 20 } },
      { wavelengthResponse: { centreNm: 850, widthNm: 5 } },
    ],
  };
  const conditions = conditionsOf({ flaws });
  conditions.efficiencyScale[0] = 0.8;
  conditions.arrivalShiftPs = 300;
  const angle = Math.PI / 8;
  const light = { statistics: Statistics.fock, amount: 1, angleRad: angle, shiftPs: -100, tiltMicroRad: -10 };
  const [inBand, beside] = [answer([light], conditions), answer([{ ...light, wavelengthNm: 860 }], conditions)];
  const counted = (out: Responses, d: number): number => out.amount[0]! * out.share[d]!;
  const [more, less] = [(1 + Math.SQRT1_2) / 8, (1 - Math.SQRT1_2) / 8];
  near(counted(inBand, 0), more * 0.5 * 0.8);
  near(counted(inBand, 1), less * Math.exp(-0.125));
  near(counted(inBand, 2), more * Math.exp(-0.5));
  near(counted(inBand, 3), less);
  near(counted(beside, 3), less * Math.exp(-2));
  assert.deepEqual(Array.from(inBand.arrivalPs.subarray(0, 4)), [200, 270, 200, 200]);
});

test("a window of sensitivity opens in every slot, by Bob's clock", () => {
  const flaws = { detectors: [0, 1, 2, 3].map((d) => ({ timeResponse: { centrePs: 20 * d, widthPs: 300 } })) };
  const light = { statistics: Statistics.fock, amount: 1, angleRad: Math.PI / 8 };
  const counted = (arrivalShiftPs: number, clockPs: number): number[] => {
    const conditions = { ...conditionsOf({ flaws }), arrivalShiftPs, clockPs };
    const { amount, share } = answer([light], conditions);
    return [0, 1, 2, 3].map((d) => amount[0]! * share[d]!);
  };
  const slotPs = 1e4;
  const moved = counted(250, 0);
  assert.ok(moved[0]! < 0.8 * counted(0, 0)[0]!);
  for (const [shiftPs, clockPs] of [
    [0, 250],
    [500, -250],
    [250 - 3 * slotPs, 0],
    [slotPs, 250 + slotPs],
  ] as const) {
    for (const [d, part] of counted(shiftPs, clockPs).entries()) near(part, moved[d]!);
  }
  // Between two windows the nearer one is open.
  near(counted(slotPs / 2 - 10, 0)[0]!, counted(slotPs / 2 + 10, 0)[0]!);
});

test('away from the band the splitter leans and the filter stops', () => {
  const flaws = {
    splitter: [
      [800, 0.2],
      [900, 0.6],
    ] as const,
    filter: { centreNm: 850, widthNm: 10, outside: 0.01 },
  };
  const toX = (wavelengthNm: number): number[] => {
    const light = { statistics: Statistics.fock, amount: 1, angleRad: 0.1, wavelengthNm };
    const { share, amount } = answer([light], conditionsOf({ flaws }));
    return [share[0]! + share[1]!, amount[0]!];
  };
  const expected: readonly (readonly [number, number, number])[] = [
    [Number.NaN, 0.5, 0.5],
    [850, 0.4, 0.5],
    [875, 0.5, 0.005],
    [700, 0.2, 0.005],
    [999, 0.6, 0.005],
  ];
  for (const [nm, share, amount] of expected) {
    const [x, all] = toX(nm);
    near(x!, share);
    near(all!, amount);
  }
});

test('a bright pulse divides its energy and clicks by the thresholds of linear mode', () => {
  const linearMode = { neverJ: 1, alwaysJ: 2 };
  const flaws = { detectors: [{ linearMode }, { linearMode }, { linearMode }, {}] };
  const light = { statistics: Statistics.bright, amount: 6, angleRad: stateAngleRad[0] };
  const out = answer([light], conditionsOf({ flaws }));
  assert.equal(out.law[0], CountLaw.pattern);
  assert.deepEqual(Array.from(out.share.subarray(0, 4)), [1, 0, 0.5, 0]);
  assert.equal(out.click[0], 1);
  near(answer([{ ...light, amount: 4 }], conditionsOf({ flaws })).click[0]!, 1);
  near(answer([{ ...light, amount: 3 }], conditionsOf({ flaws })).click[0]!, 0.5);
  near(answer([{ ...light, amount: 2 }], conditionsOf({ flaws })).click[0]!, 0);
});

test('where detectors are blinded for a share of the time, attacked pulses are there first', () => {
  const branches = new Branches();
  const light = { statistics: Statistics.coherent, amount: 0.1, angleRad: 0 };
  const linearMode = { neverJ: 1, alwaysJ: 2 };
  branches.add(0, 0.1, { ...light, statistics: Statistics.bright, amount: 9 }, { guess: 1, attacked: true });
  branches.add(0, 0.1, light, { guess: 0.5, attacked: true });
  branches.add(0, 0.8, light, { guess: 0.5, attacked: false });
  const conditions = conditionsOf({ flaws: { detectors: [0, 1, 2, 3].map(() => ({ linearMode })) } });
  const heard = (blindedShare: number): number[] => {
    conditions.blindedShare = blindedShare;
    return Array.from(buildResponses(branches, kinds, conditions, emptyResponses()).probability.subarray(0, 3));
  };
  for (const [blinded, attacked, honest] of [
    [0, 0.1, 0.8],
    [0.1, 0.05, 0.8],
    [0.2, 0, 0.8],
    [0.6, 0, 0.4],
    [1, 0, 0],
  ] as const) {
    const [bright, other, own] = heard(blinded);
    near(bright!, 0.1);
    near(other!, attacked);
    near(own!, honest);
  }
});

test('rows that go the same way are the same whether they follow each other or not', () => {
  const lights: Light[] = [0.1, 0.4].flatMap((amount) =>
    [0, 0.3].map((angleRad) => ({ statistics: Statistics.coherent, amount, angleRad, shiftPs: 40 })),
  );
  const flaws = { detectors: [0, 1, 2, 3].map((d) => ({ timeResponse: { centrePs: 30 * d, widthPs: 90 } })) };
  for (const basisChoice of ['passive', 'active'] as const) {
    const conditions = conditionsOf({ flaws: { ...flaws, basisChoice } });
    const apart = answer(lights, conditions);
    const order = [0, 2, 1, 3];
    const together = answer(
      order.map((i) => lights[i]!),
      conditions,
    );
    const rows = apart.count / 4;
    for (const [to, from] of order.entries()) {
      for (let row = 0; row < rows; row++) {
        const [a, b] = [from * rows + row, to * rows + row];
        assert.equal(together.amount[b], apart.amount[a]);
        assert.equal(together.click[b], apart.click[a]);
        assert.deepEqual(together.share.subarray(4 * b, 4 * b + 4), apart.share.subarray(4 * a, 4 * a + 4));
        assert.deepEqual(together.arrivalPs.subarray(4 * b, 4 * b + 4), apart.arrivalPs.subarray(4 * a, 4 * a + 4));
      }
    }
  }
});

test('a photon that would count more than once is refused', () => {
  const conditions = conditionsOf();
  conditions.efficiencyScale.fill(3);
  assert.throws(
    () => answer([{ statistics: Statistics.fock, amount: 1, angleRad: 0 }], conditions),
    (error: unknown) =>
      error instanceof PhotonsError && error.code === 'photons/receiver' && /1\.5/.test(error.message),
  );
});
