import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { settleClicks } from '../sift.ts';
import { spentSlots } from './disclosure.ts';
import { flyby } from './test/flyby.ts';
import { inPieces, type Recorded, recorded, type Taken, taken } from './test/recording.ts';

/** Within what is said of the prediction, 2 us and 1e-7, all along. */
const wrong = { clockOffsetPs: 0.9e6, clockDriftPsPerS: 4e4, clockJitterPs: 50, aheadS: 0.02 };
const at45 = { pulseRateHz: 1e8, lossDb: 45, closestS: 60, ...wrong };

/** What another pass sent. */
const otherPass = flyby({ ...at45, durationS: 3, seed: 99 });

/** After the last claim: which of the kept slots light truly came from, and how much of the light was kept. */
function against({ slot, light, options }: Recorded, { slot: kept, claims }: Taken) {
  const { until } = spentSlots(claims.at(-1)!);
  const due = new Set<number>();
  for (let i = 0; i < slot.length; i++)
    if (light[i] === 1 && slot[i]! >= until && slot[i]! < options.pulses) due.add(slot[i]!);
  const after = kept.filter((one) => one >= until);
  const right = after.filter((one) => due.has(one)).length;
  return { right: right / after.length, share: right / due.size };
}

describe('detections from raw tags', () => {
  for (const [name, pulseRateHz, durationS] of [
    ['100 MHz', 1e8, 15],
    ['1 GHz, where jitter is a third of a slot', 1e9, 6],
  ] as const) {
    it(`have their slots at 45 dB and ${name}, from one claim to the end of the block`, async () => {
      const recording = recorded({ ...at45, pulseRateHz, durationS, seed: 3 });
      const result = await taken(recording);
      assert.equal(result.claims.length, 1);
      assert.deepEqual(
        result.events.map(({ kind }) => kind),
        ['found'],
      );
      assert.equal(result.chunks.at(-1)!.untilSlot, recording.pulses);
      // It throws for whatever breaks the promise of a driver.
      let watched = spentSlots(result.claims[0]!).until;
      for (const chunk of result.chunks) {
        settleClicks(chunk, watched, recording.pulses, (length) => new Uint8Array(length));
        watched = chunk.untilSlot;
      }
      const { right, share } = against(recording, result);
      if (pulseRateHz === 1e8) {
        // The gate of 2 ns leaves a fifth of the noise, which is 7 % of the light, and cuts off 0.5 % of it.
        assert.ok(right > 0.97 && share > 0.98, `${right}, ${share}`);
        // One in seven is in a slot of its neighbour's.
      } else assert.ok(right > 0.75 && share > 0.75, `${right}, ${share}`);
    });
  }

  it('are the same for chunks of any size', async () => {
    const recording = recorded({ ...at45, durationS: 4, seed: 3 });
    const due = await taken(recording);
    for (const piece of [1, 77, 1e6]) {
      const { slot, claims } = await taken(recording, inPieces(recording, piece));
      assert.deepEqual(slot, due.slot);
      assert.deepEqual(claims, due.claims);
    }
  });

  it('are kept by their times: whatever the bits are after the claims, slots and claims stay (pitfalls P4 and P10)', async () => {
    const recording = recorded({ ...at45, lossDb: 40, durationS: 6, seed: 7 });
    const due = await taken(recording);
    const { until } = spentSlots(due.claims.at(-1)!);
    const changed = (change: (detector: number, row: number) => number): Recorded => ({
      ...recording,
      detector: recording.detector.map((d, row) => (recording.slot[row]! < until ? d : change(d, row))),
    });
    const detectors = ({ chunks }: Taken): number[] => chunks.flatMap(({ detector }) => [...detector]);
    const twin = await taken(changed((d) => d ^ 1));
    assert.deepEqual([twin.slot, twin.claims, twin.events], [due.slot, due.claims, due.events]);
    assert.deepEqual(
      detectors(twin),
      detectors(due).map((d) => d ^ 1),
    );
    // One bit in three is wrong, and a stretch in the middle is nothing but errors.
    const spoiled = await taken(changed((d, row) => (row % 3 === 0 || (row > 8000 && row < 12_000) ? d ^ 1 : d)));
    assert.deepEqual([spoiled.slot, spoiled.claims], [due.slot, due.claims]);
    // And in the claims, when Alice's are swapped too.
    const both = await taken(
      { ...recording, detector: recording.detector.map((d) => d ^ 1) },
      inPieces({ ...recording, detector: recording.detector.map((d) => d ^ 1) }),
      (slot) => {
        const { bit, ...rest } = recording.pass.emissions(slot);
        return { ...rest, bit: bit.map((one) => one ^ 1) };
      },
    );
    assert.deepEqual([both.slot, both.claims, both.events], [due.slot, due.claims, due.events]);
  });

  it('are none of the slot of the last tag that was looked at, also where nobody claimed it (pitfall P6)', async () => {
    const recording = recorded({ ...at45, durationS: 4, seed: 5 });
    // The first 300 tags are the window. Its last is put near the one before: too near to be claimed, too far to be spent.
    const [before, last, slotsApart] = [298, 299, 300];
    assert.equal(recording.light[before], 1);
    const twice = <T extends Float64Array | Uint8Array>(column: T): T => {
      const copy = column.slice(0, -1) as T;
      copy.set(column.subarray(last, -2), last + 1);
      return copy;
    };
    const [timePs, detector] = [twice(recording.timePs), twice(recording.detector)];
    timePs[last] = recording.timePs[before]! + slotsApart * 1e4;
    // Another detector fired in the same slot: one of two clicks would be a click that has lost its twin.
    timePs[last + 1] = timePs[last]! + 20;
    const slot = recording.slot[before]! + slotsApart;
    const result = await taken(recording, inPieces({ timePs, detector }));
    assert.deepEqual(
      result.events.map(({ kind }) => kind),
      ['found'],
    );
    assert.ok(spentSlots(result.claims[0]!).until <= slot, 'it is not spent');
    assert.ok(result.slot[0]! > slot, `${result.slot[0]} is kept, ${slot} was looked at`);
  });

  it('go on after a cloud in which the light was lost, by another claim', async () => {
    const recording = recorded({ ...at45, durationS: 50, cloud: [6, 40], seed: 2, clockDriftPsPerS: 1e4 });
    const result = await taken(recording, inPieces(recording, 1e6));
    const kinds = result.events.map(({ kind }) => kind);
    assert.equal(kinds[0], 'found');
    assert.equal(kinds[1], 'lost');
    assert.equal(kinds.at(-1), 'found');
    assert.ok(kinds.slice(2, -1).every((kind) => kind === 'refused'));
    const { right, share } = against(recording, result);
    assert.ok(right > 0.95 && share > 0.98, `${right}, ${share}`);
    const rate = (fromS: number, toS: number) =>
      result.slot.filter((one) => one >= fromS * 1e8 && one < toS * 1e8).length / (toS - fromS);
    assert.ok(rate(1, 6) > 1000 && rate(47, 49) > 1000, 'light before and after');
    // No slot is spent twice, and none that was given.
    const ranges = result.claims.map(spentSlots);
    for (let i = 1; i < ranges.length; i++) assert.ok(ranges[i]!.from >= ranges[i - 1]!.until);
  });

  it('begin with the light, where the pass begins under a cloud', async () => {
    const result = await taken(recorded({ ...at45, durationS: 12, cloud: [0, 7], seed: 4 }));
    assert.equal(result.events.at(-1)!.kind, 'found');
    assert.ok(result.claims.length <= 10, `${result.claims.length} claims`);
    assert.ok(result.slot.length > 2000 && result.slot[0]! > 7e8);
  });

  it('have their slots where half of the tags are noise', async () => {
    const recording = recorded({ ...at45, durationS: 8, noiseHz: 300, seed: 6 });
    const light = recording.light.reduce((sum: number, one) => sum + one, 0) / recording.light.length;
    assert.ok(light > 0.48 && light < 0.55, `${light}`);
    const result = await taken(recording);
    assert.ok(result.claims.length <= 3);
    // The gate is a fifth of a slot.
    const { right, share } = against(recording, result);
    assert.ok(right > 0.8 && share > 0.98, `${right}, ${share}`);
  });

  it('are none, and a sentence says so, where no light was found', async () => {
    const fails = async (promise: Promise<Taken>, message: RegExp): Promise<Taken> => {
      const error = await promise.then(
        () => assert.fail('it was found'),
        (one: unknown) => one as Error & Taken & { code: string },
      );
      assert.equal(error.code, 'distill/sync');
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /\n/);
      return error;
    };
    const dark = recorded({ ...at45, durationS: 200, lossDb: 190, seed: 1 });
    const { claims } = await fails(taken(dark), /^no light was found: of \d\d+ windows \d looked like light/);
    assert.ok(claims.length < 8, 'hardly anything was disclosed for the sake of darkness');
    const few = recorded({ ...at45, durationS: 20, lossDb: 190, noiseHz: 2, seed: 1 });
    await fails(taken(few), /windows 0 looked like light/);
    const late = recorded({ ...at45, durationS: 3, clockOffsetPs: 4e6, seed: 1 });
    await fails(taken(late), /the instant of slot 0 are those of this pass.*2000000 ps and 1e-7/);
    const drifting = recorded({ ...at45, durationS: 3, clockDriftPsPerS: 4e5, seed: 1 });
    await fails(taken(drifting), /no light was found/);
    const recording = recorded({ ...at45, durationS: 3, seed: 1 });
    await fails(taken(recording, inPieces(recording), otherPass.emissions), /best significance \d\.\d/);
    const none = inPieces({ timePs: new Float64Array(0), detector: new Uint8Array(0) });
    await fails(taken(recording, none), /of 0 windows 0 /);
  });

  it('end with a sentence for tags out of order, and what no tag can be', async () => {
    const recording = recorded({ ...at45, durationS: 1, seed: 1 });
    const of = (timePs: Float64Array, detector = recording.detector) =>
      taken(recording, inPieces({ timePs, detector }));
    const turned = recording.timePs.slice();
    [turned[700], turned[701]] = [turned[701]! + 5, turned[700]!];
    await assert.rejects(of(turned), {
      code: 'distill/sync',
      message: /^tag 701 is at \d+ ps after \d+; tags must be in/,
    });
    await assert.rejects(of(turned.fill(Number.NaN)), { code: 'distill/sync', message: /^tag 0 is at NaN/ });
    const odd = recording.detector.slice().fill(9, 500, 501);
    await assert.rejects(of(recording.timePs, odd), { code: 'distill/sync', message: /^tag 500 has detector 9/ });
    await assert.rejects(of(recording.timePs, odd.subarray(1)), /times and \d+ detectors/);
    for (const [change, message] of [
      [{ gatePs: 10_001 }, /gatePs is 10001/],
      [{ jitterPs: 6000 }, /above 0\.56 no phase/],
      [{ pulses: 0.5 }, /pulses is 0\.5/],
      [{ uncertainty: { offsetPs: 0, slope: 1e-7 } }, /uncertainty of the offset is 0/],
    ] as const) {
      const attempt = taken(recording, undefined, undefined, change);
      await assert.rejects(attempt, { code: 'distill/sync', message });
    }
  });

  it('make no more claims than were allowed, and give up after 32 that were refused', async () => {
    const recording = recorded({ ...at45, durationS: 160, seed: 4 });
    for (const [mostClaims, due] of [
      [2, 2],
      [64, 32],
    ] as const) {
      const attempt = taken(recording, inPieces(recording), otherPass.emissions, { mostClaims });
      const { claims, events } = await attempt.catch((error: unknown) => error as Taken);
      assert.deepEqual([claims.length, events.at(-1)!.kind], [due, 'ended']);
    }
  });
});
