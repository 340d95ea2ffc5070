import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import { type Mission, missionOf, readScenario, type ScenarioPass } from '@skykey/scenario';
import fc from 'fast-check';
import { scenarioFile } from '../configuration.ts';
import {
  DeviceServer,
  openReceiver,
  openTransmitter,
  type PassAnnouncement,
  type TransmitterDevice,
} from '../wire/devices.ts';
import { Sky, type SkyMemory } from './sky.ts';

const FILE = scenarioFile('micius-2016-12-19');
const BEIJING = 'micius-beijing';
const MOSCOW = 'micius-moscow';
const BIN_MS = 100;
const TOKEN = 'a-token-for-every-device';

interface Document {
  satellites: [{ transmitter: { source: { pulseRateHz: { value: number } } } }];
  stations: { latitudeDeg: { value: number }; longitudeDeg: { value: number } }[];
  live: { clock: { startUtc: string; endUtc: string } };
}

/** The shipped scenario with a slower laser, for speed, and the first night alone: one pass of Beijing, two of Moscow. */
function firstNight(change: (document: Document) => void = () => undefined): Mission {
  const document = JSON.parse(readFileSync(FILE, 'utf8')) as Document;
  document.satellites[0].transmitter.source.pulseRateHz.value = 1e6;
  document.live.clock.endUtc = '2016-12-20T00:00:00Z';
  change(document);
  const text = JSON.stringify(document);
  return missionOf(readScenario(text, FILE, (name) => readFileSync(join(dirname(FILE), name), 'utf8')));
}

const NIGHT = firstNight();
const START_MS = Date.parse(NIGHT.live.clock.startUtc);
const END_MS = Date.parse(NIGHT.live.clock.endUtc);

interface Flown {
  readonly pass: PassAnnouncement;
  readonly slot: number[];
  readonly detector: number[];
  /** Where each chunk ended. */
  readonly until: number[];
  ended: 'completed' | Error | undefined;
}

interface Harness {
  readonly sky: Sky;
  readonly server: DeviceServer;
  readonly flown: Flown[];
  readonly transmitter: TransmitterDevice;
  readonly remembered: SkyMemory[];
  /** Resolves when everything that the sky sent has been heard. */
  heard(): Promise<void>;
}

const closing: { close(): void }[] = [];
afterEach(() => {
  for (const open of closing.splice(0)) open.close();
});

/** A sky with a node on every device, each of which writes down what it hears. */
async function harness(mission = NIGHT, memory: SkyMemory = { utcMs: 0, seed: 1 }): Promise<Harness> {
  const names = [`transmitter ${mission.satellite.id}`, ...mission.stations.map(({ id }) => `receiver ${id}`)];
  const remembered: SkyMemory[] = [];
  const sky: Sky = new Sky({
    mission,
    memory,
    devices: () => server,
    remember: (latest) => remembered.push(latest),
  });
  const server: DeviceServer = new DeviceServer(new Map(names.map((name) => [name, TOKEN])), sky);
  closing.push(server);
  const port = await server.listen(0);
  const flown: Flown[] = [];
  const clocks: (() => number)[] = [];
  for (const { id } of mission.stations) {
    const device = await openReceiver(port, id, TOKEN);
    closing.push(device);
    clocks.push(device.missionMs);
    const listen = async (): Promise<void> => {
      for (;;) {
        const { pass, chunks } = await device.nextPass();
        const one: Flown = { pass, slot: [], detector: [], until: [], ended: undefined };
        flown.push(one);
        const read = async (): Promise<void> => {
          for await (const chunk of chunks) {
            one.slot.push(...chunk.slot);
            one.detector.push(...chunk.detector);
            one.until.push(chunk.untilSlot);
          }
        };
        read().then(
          () => {
            one.ended = 'completed';
          },
          (error: Error) => {
            one.ended = error;
          },
        );
      }
    };
    listen().catch(() => undefined);
  }
  const transmitter = await openTransmitter(port, mission.satellite.id, TOKEN);
  closing.push(transmitter);
  clocks.push(transmitter.missionMs);
  await server.connected(names);
  const heard = async (): Promise<void> => {
    // The clock comes last in every tick.
    while (!clocks.every((clock) => clock() === sky.clock.utcMs)) await new Promise(setImmediate);
    for (let i = 0; i < 5; i++) await new Promise(setImmediate);
  };
  return { sky, server, flown, transmitter, remembered, heard };
}

const useful = (sky: Sky, linkId?: string): (ScenarioPass & { window: NonNullable<ScenarioPass['window']> })[] =>
  sky.passes.flatMap((pass) =>
    pass.window && (!linkId || pass.link.id === linkId) ? [{ ...pass, window: pass.window }] : [],
  );

/** Wall time that stands still: photons cost nothing. */
const still = (): number => 0;
/** Wall time of which every look at the clock costs this much: a tick of 70 ms makes 70 / cost bins. */
const costing = (costMs: number): (() => number) => {
  let now = 0;
  return () => {
    now += costMs;
    return now;
  };
};

async function fly(sky: Sky, untilMs: number, elapsedMs = 400, wallMs = still): Promise<void> {
  for (let ticks = 0; sky.clock.utcMs < untilMs; ticks++) {
    assert.ok(ticks < 20_000, `mission time does not get from ${sky.clock.utcMs} to ${untilMs}`);
    await sky.tick(elapsedMs, wallMs);
  }
}

/** Every window up to a moment was flown once, from its first slot to its last, without a gap. */
function assertWhole({ sky, flown }: Harness, untilMs: number): void {
  const due = useful(sky).filter(({ window }) => window.endMs <= untilMs);
  assert.deepEqual(flown.map(({ pass }) => pass.passId).toSorted(), due.map(({ passId }) => passId).toSorted());
  const pulsesPerBin = sky.mission.source.pulseRateHz / 10;
  for (const { passId, window, link } of due) {
    const { pass, slot, until, ended } = flown.find((one) => one.pass.passId === passId)!;
    const bins = (window.endMs - window.startMs) / BIN_MS;
    assert.deepEqual(pass, {
      passId,
      linkId: link.id,
      startMs: window.startMs,
      pulses: bins * pulsesPerBin,
      binS: 0.1,
    });
    assert.deepEqual(
      until,
      Array.from({ length: bins }, (_, bin) => (bin + 1) * pulsesPerBin),
    );
    assert.ok(slot.every((at, i) => i === 0 || at >= slot[i - 1]!) && slot.at(-1)! < pass.pulses);
    assert.equal(ended, 'completed');
  }
}

describe('a tick', () => {
  it('never skips photons, however long it is, however slow the machine', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          speed: fc.constantFrom(null, 50, 1000, 10_000),
          ticks: fc.array(fc.double({ min: 100, max: 400, noNaN: true }), { minLength: 3, maxLength: 8 }),
          costMs: fc.constantFrom(0, 0.7, 7),
        }),
        async ({ speed, ticks, costMs }) => {
          const all = await harness();
          all.sky.clock.setSpeed(speed);
          const wallMs = costing(costMs);
          for (let i = 0; all.sky.clock.utcMs < END_MS; i++) {
            const before = all.sky.clock.utcMs;
            await all.sky.tick(ticks[i % ticks.length]!, wallMs);
            assert.ok(all.sky.clock.utcMs >= before);
          }
          await all.heard();
          assert.equal(useful(all.sky).length, 3);
          assertWhole(all, END_MS);
        },
      ),
      { seed: 31, numRuns: 6 },
    );
  });

  it('has no light ahead of mission time by more than a bin, nor behind it', async () => {
    const all = await harness();
    const [{ window }] = useful(all.sky, BEIJING) as [ReturnType<typeof useful>[number]];
    all.sky.clock.moveTo(window.startMs - 1000);
    all.sky.clock.setSpeed(12);
    while (all.sky.clock.utcMs < window.endMs) {
      await all.sky.tick(137, costing(9));
      await all.heard();
      const lit = Math.min(window.endMs, window.startMs + (all.flown[0]?.until.length ?? 0) * BIN_MS);
      if (all.sky.clock.utcMs < window.startMs) assert.equal(all.flown.length, 0);
      else assert.ok(all.sky.clock.utcMs >= lit && Math.min(all.sky.clock.utcMs, window.endMs) - lit < BIN_MS);
    }
    assertWhole(all, window.endMs);
  });

  it('flies two windows at once that overlap, each of them once', async () => {
    // A second station half-way to Xinglong's horizon sees the same passes at almost the same time.
    const mission = firstNight(({ stations, live: { clock } }) => {
      stations[1]!.latitudeDeg.value = 44;
      stations[1]!.longitudeDeg.value = 119;
      clock.endUtc = '2016-12-19T18:00:00Z';
    });
    for (const costMs of [0, 1, 20]) {
      const all = await harness(mission);
      const [one, other] = useful(all.sky);
      assert.ok(one!.window.endMs > other!.window.startMs && one!.window.startMs < other!.window.endMs);
      const endMs = Date.parse(mission.live.clock.endUtc);
      all.sky.clock.setSpeed(10_000);
      const wallMs = costing(costMs);
      while (all.sky.clock.utcMs < endMs) {
        await all.sky.tick(400, wallMs);
        await all.heard();
        // No link's light lags behind mission time or runs ahead of it by more than a bin.
        for (const { pass, until } of all.flown.filter(({ ended }) => !ended)) {
          const aheadMs = pass.startMs + until.length * BIN_MS - all.sky.clock.utcMs;
          assert.ok(aheadMs >= -BIN_MS && (aheadMs <= BIN_MS || until.length === 0), `${aheadMs} ms`);
        }
      }
      await all.heard();
      assertWhole(all, endMs);
    }
  });

  it('begins no pass while one runs that ends before it, even if both lie in one step', async () => {
    const all = await harness();
    const [first, second] = useful(all.sky, MOSCOW);
    all.sky.clock.setSpeed(10_000);
    all.sky.clock.moveTo(first!.window.startMs - 1);
    while (all.flown.length < 2) {
      await all.sky.tick(second!.window.endMs - first!.window.startMs, costing(7));
      await all.heard();
      const [one, two] = all.flown;
      if (two) assert.equal(one!.ended, 'completed');
    }
  });

  it('makes nothing and moves nothing while the clock is paused', async () => {
    const all = await harness();
    const [first] = useful(all.sky);
    all.sky.clock.moveTo(first!.window.startMs + 0);
    all.sky.clock.pause(true);
    for (let i = 0; i < 5; i++) await all.sky.tick(400, still);
    assert.equal(all.sky.clock.utcMs, first!.window.startMs);
    assert.deepEqual(
      all.flown.flatMap(({ until }) => until),
      [],
    );
  });

  it('does not begin a pass that the end of the mission would cut', async () => {
    const mission = firstNight(({ live: { clock } }) => {
      clock.endUtc = '2016-12-19T16:52:00Z';
    });
    const all = await harness(mission);
    assert.equal(useful(all.sky).length, 1);
    await fly(all.sky, Date.parse(mission.live.clock.endUtc));
    await all.heard();
    assert.deepEqual(all.flown, []);
    assert.match(
      all.sky.moment().clock.stopped!,
      /^the mission ends on 2016-12-19: the orbital elements of 2016-12-18 /,
    );
  });
});

describe('the automatic clock of the sky', () => {
  it('slows down five seconds before a pass rises, is quick once it has set, and ends its hurry on time', async () => {
    const { sky } = await harness();
    const { passSpeed, gapSpeed, laterGapSpeed, hurryUntilUtc } = NIGHT.live.clock;
    const [beijing, moscow] = useful(sky);
    const speeds: [number, number][] = [];
    while (sky.clock.utcMs < moscow!.pass.losMs + 60_000) {
      if (speeds.at(-1)?.[1] !== sky.clock.speed()) speeds.push([sky.clock.utcMs, sky.clock.speed()]);
      await sky.tick(400, still);
    }
    assert.deepEqual(
      speeds.map(([, speed]) => speed),
      [passSpeed, gapSpeed, passSpeed, gapSpeed, laterGapSpeed],
    );
    assert.equal(speeds[2]![0], moscow!.pass.aosMs - 5000);
    assert.equal(speeds[4]![0], Date.parse(hurryUntilUtc));
    // Faster again only after the set, within one tick of it.
    assert.ok(speeds[1]![0] >= beijing!.pass.losMs && speeds[1]![0] < beijing!.pass.losMs + 400 * passSpeed);
  });

  it('stops at the end of the hurry exactly, when no pass comes before', () => {
    const mission = firstNight(({ live: { clock } }) => {
      Object.assign(clock, { hurryUntilUtc: '2016-12-19T19:00:00Z' });
    });
    const sky = new Sky({
      mission,
      memory: { utcMs: Date.parse('2016-12-19T18:59:00Z'), seed: 1 },
      devices: () => assert.fail('nothing is sent'),
      remember: () => assert.fail('no pass begins'),
    });
    assert.equal(sky.clock.target(400), Date.parse('2016-12-19T19:00:00Z'));
    sky.clock.moveTo(sky.clock.target(400));
    assert.equal(sky.clock.speed(), NIGHT.live.clock.laterGapSpeed);
  });
});

describe('the seed of a sky', () => {
  const record = async (seed: number, elapsedMs: number, wallMs: () => number): Promise<unknown> => {
    const all = await harness(NIGHT, { utcMs: 0, seed });
    const [first] = useful(all.sky);
    await fly(all.sky, first!.window.endMs, elapsedMs, wallMs);
    await all.heard();
    const [{ slot, detector }] = all.flown as [Flown];
    const sent = await all.transmitter.emissions(first!.passId, Float64Array.from([...slot, 0, 1, 2]));
    return { slot, detector, sent };
  };

  it('decides every photon, however time is cut into ticks', async () => {
    const once = await record(5, 400, still);
    assert.deepEqual(await record(5, 83, costing(3)), once);
    assert.notDeepEqual(await record(6, 400, still), once);
  });

  it('gives each pass photons of its own', async () => {
    const all = await harness();
    all.sky.clock.setSpeed(1000);
    await fly(all.sky, END_MS);
    await all.heard();
    const slots = Float64Array.from({ length: 1000 }, (_, slot) => slot);
    const [one, other] = useful(all.sky, MOSCOW).map(({ passId }) => all.sky.emissions(passId, slots));
    const alike = one!.bit.filter((bit, slot) => bit === other!.bit[slot]).length;
    assert.ok(Math.abs(alike - 500) < 80, `${alike} of 1000 bits are alike`);
  });
});

/** Error rate of basis-matched signal detections in some slots of a pass. */
async function qber(flown: Flown, transmitter: TransmitterDevice, fromSlot: number, toSlot: number): Promise<number> {
  const rows = flown.slot.flatMap((slot, i) => (slot >= fromSlot && slot < toSlot ? [i] : []));
  const sent = await transmitter.emissions(
    flown.pass.passId,
    Float64Array.from(rows, (i) => flown.slot[i]!),
  );
  let matched = 0;
  let errors = 0;
  for (const [row, i] of rows.entries()) {
    const detector = flown.detector[i]!;
    if (sent.intensity[row] !== 0 || sent.basis[row] !== detector >> 1) continue;
    matched++;
    if (sent.bit[row] !== (detector & 1)) errors++;
  }
  assert.ok(matched > 2000, `${matched} detections are too few to judge`);
  return errors / matched;
}

describe('a tap', () => {
  const fast = firstNight(({ satellites: [satellite], live: { clock } }) => {
    satellite.transmitter.source.pulseRateHz.value = 1e7;
    clock.endUtc = '2016-12-19T18:00:00Z';
  });

  it('acts from the moment it is switched on to the moment it is switched off', async () => {
    const all = await harness(fast);
    const [first] = useful(all.sky);
    const { startMs, endMs } = first!.window;
    all.sky.clock.setSpeed(100);
    await fly(all.sky, startMs + 60_000, 10);
    const onMs = all.sky.clock.utcMs;
    all.sky.tap(BEIJING, true, 1);
    await fly(all.sky, startMs + 140_000, 10);
    const offMs = all.sky.clock.utcMs;
    all.sky.tap(BEIJING, false, 1);
    await fly(all.sky, endMs, 10);
    await all.heard();
    const [flown] = all.flown as [Flown];
    const slotAt = (utcMs: number): number => Math.floor((utcMs - startMs) / BIN_MS) * 1e6;
    assert.ok((await qber(flown, all.transmitter, 0, slotAt(onMs))) < 0.02);
    const attacked = await qber(flown, all.transmitter, slotAt(onMs), slotAt(offMs));
    assert.ok(Math.abs(attacked - 0.25) < 0.04, `QBER ${attacked}`);
    assert.ok((await qber(flown, all.transmitter, slotAt(offMs), flown.pass.pulses)) < 0.02);

    // Up to the bin in which it was switched on, the photons are those of a night without a tap.
    const quiet = await harness(fast);
    await fly(quiet.sky, endMs);
    await quiet.heard();
    const before = (list: Flown): number[] => list.slot.filter((slot) => slot < slotAt(onMs));
    assert.deepEqual(before(flown), before(quiet.flown[0]!));
    assert.notDeepEqual(flown.detector, quiet.flown[0]!.detector);
  });

  it('of a share of the pulses errs in a quarter of that share', async () => {
    const all = await harness(fast);
    const [first] = useful(all.sky);
    all.sky.tap(BEIJING, true, 0.4);
    await fly(all.sky, first!.window.endMs);
    await all.heard();
    const rate = await qber(all.flown[0]!, all.transmitter, 0, Number.POSITIVE_INFINITY);
    assert.ok(Math.abs(rate - 0.1) < 0.02, `QBER ${rate}`);
  });

  it('harms its own link alone', async () => {
    const all = await harness(fast);
    const [first] = useful(all.sky);
    all.sky.clock.moveTo(first!.window.startMs);
    await all.sky.tick(1, still);
    all.sky.tap(MOSCOW, true, 1);
    await fly(all.sky, first!.window.endMs);
    await all.heard();
    assert.ok((await qber(all.flown[0]!, all.transmitter, 0, Number.POSITIVE_INFINITY)) < 0.02);
  });

  it('switched on while no light is there jumps to 15 s before the next light of its link', async () => {
    for (const linkId of [BEIJING, MOSCOW]) {
      const { sky } = await harness();
      sky.tap(linkId, true, 1);
      assert.equal(sky.clock.utcMs, Math.max(START_MS, useful(sky, linkId)[0]!.window.startMs - 15_000));
      assert.deepEqual(
        sky.moment().taps,
        [BEIJING, MOSCOW].map((id) => ({ linkId: id, on: id === linkId, fraction: 1 })),
      );
    }
  });

  it('never turns time back, and does not move it when it is switched off', async () => {
    const { sky } = await harness();
    const [first] = useful(sky, MOSCOW);
    sky.clock.moveTo(first!.window.startMs - 5000);
    sky.tap(MOSCOW, true, 1);
    assert.equal(sky.clock.utcMs, first!.window.startMs - 5000);
    const { sky: other } = await harness();
    other.tap(MOSCOW, false, 1);
    assert.equal(other.clock.utcMs, START_MS);
  });

  it('does not move time while a pass runs', async () => {
    const { sky } = await harness();
    const [first] = useful(sky);
    await fly(sky, first!.window.startMs + 1000, 1);
    const now = sky.clock.utcMs;
    sky.tap(MOSCOW, true, 1);
    assert.equal(sky.clock.utcMs, now);
  });

  it('does not jump into the middle of the light of another link', async () => {
    const mission = firstNight(({ stations, live: { clock } }) => {
      stations[1]!.latitudeDeg.value = 47;
      stations[1]!.longitudeDeg.value = 119;
      clock.startUtc = '2016-12-19T16:00:00Z';
      clock.endUtc = '2016-12-19T18:00:00Z';
    });
    const all = await harness(mission);
    const [first, second] = useful(all.sky);
    assert.ok(second!.window.startMs - 15_000 > first!.window.startMs);
    assert.ok(second!.window.startMs - 15_000 < first!.window.endMs);
    all.sky.tap(second!.link.id, true, 1);
    assert.equal(all.sky.clock.utcMs, first!.window.startMs);
    await fly(all.sky, second!.window.endMs);
    await all.heard();
    assertWhole(all, second!.window.endMs);
  });

  it('needs a link that exists and a share of pulses', async () => {
    const { sky } = await harness();
    assert.throws(() => sky.tap('micius-paris', true, 1), {
      code: 'sky/link',
      message: 'there is no link "micius-paris"; the links are micius-beijing, micius-moscow',
    });
    for (const fraction of [0, -0.1, 1.1, Number.NaN]) {
      assert.throws(() => sky.tap(BEIJING, true, fraction), { code: 'sky/fraction' });
    }
    assert.equal(sky.clock.utcMs, START_MS);
    assert.ok(sky.moment().taps.every(({ on }) => !on));
  });
});

describe('skipping', () => {
  it('goes to five seconds before the rise of the next pass that can be used', async () => {
    const all = await harness();
    const [beijing, moscow] = useful(all.sky);
    await fly(all.sky, beijing!.window.endMs);
    all.sky.skip();
    assert.equal(all.sky.clock.utcMs, moscow!.pass.aosMs - 5000);
    await fly(all.sky, moscow!.window.endMs);
    await all.heard();
    assertWhole(all, moscow!.window.endMs);
  });

  it('is refused while a pass runs, and after the last one', async () => {
    const { sky } = await harness();
    const [first] = useful(sky);
    await fly(sky, first!.window.startMs + 1000, 1);
    assert.throws(() => sky.skip(), { code: 'sky/busy', message: 'a pass is running: its photons cannot be skipped' });
    await fly(sky, useful(sky).at(-1)!.window.endMs);
    assert.throws(() => sky.skip(), { code: 'sky/end', message: 'there is no further pass before the mission ends' });
  });
});

describe('a sky that starts again', () => {
  it('in the middle of a pass moves past it: half a block is none', async () => {
    const { sky } = await harness();
    const [first] = useful(sky);
    for (const utcMs of [first!.window.startMs + 1, first!.window.endMs - 1]) {
      const again = await harness(NIGHT, { utcMs, seed: 1 });
      assert.equal(again.sky.clock.utcMs, first!.window.endMs);
      await fly(again.sky, first!.window.endMs + 60_000);
      assert.deepEqual(again.flown, []);
    }
  });

  it('before or after a pass stays where it was, with its seed', async () => {
    const { sky } = await harness();
    const [first] = useful(sky);
    for (const utcMs of [first!.window.startMs, first!.window.endMs, first!.window.endMs + 12_345.6]) {
      const again = await harness(NIGHT, { utcMs, seed: 17 });
      assert.deepEqual(again.sky.memory(), { utcMs, seed: 17 });
    }
    assert.equal((await harness(NIGHT, { utcMs: 0, seed: 1 })).sky.clock.utcMs, START_MS);
  });

  it('never plays a pass again, wherever it was killed: the memory is written before the light', async () => {
    const all = await harness();
    const [first] = useful(all.sky);
    all.sky.clock.moveTo(first!.window.startMs - 100);
    // A machine so slow that the pass is announced and no bin of it made.
    await all.sky.tick(1000, costing(100));
    await all.heard();
    assert.deepEqual(
      all.flown.map(({ pass, until }) => [pass.passId, until]),
      [[first!.passId, []]],
    );
    assert.equal(all.remembered.length, 1);
    for (const memory of [all.remembered[0]!, all.sky.memory()]) {
      const again = await harness(NIGHT, memory);
      assert.equal(again.sky.clock.utcMs, first!.window.endMs);
    }
    await all.sky.tick(1, still);
    const again = await harness(NIGHT, all.sky.memory());
    assert.ok(again.sky.clock.utcMs >= first!.window.endMs);
  });
});

describe('the transmitter of the sky', () => {
  it('answers for the last two passes and for no other', async () => {
    const all = await harness();
    await fly(all.sky, useful(all.sky).at(-1)!.window.endMs);
    const [oldest, ...latest] = useful(all.sky);
    const slots = Float64Array.of(0, 1, 2);
    for (const { passId } of latest) assert.equal(all.sky.emissions(passId, slots).bit.length, 3);
    assert.throws(() => all.sky.emissions(oldest!.passId, slots), {
      code: 'sky/no-pass',
      message: `the transmitter has no record of a pass "${oldest!.passId}"`,
    });
  });
});

describe('the state of the sky', () => {
  it('shows light while there is some, with its rate and loss', async () => {
    const all = await harness();
    const [first] = useful(all.sky);
    assert.equal(all.sky.moment().stations[0]!.beam, 'idle');
    await fly(all.sky, (first!.window.startMs + first!.window.endMs) / 2, 10);
    await all.heard();
    const state = all.sky.moment();
    const [xinglong, zvenigorod] = state.stations;
    assert.equal(xinglong!.beam, 'quantum');
    assert.equal(zvenigorod!.beam, 'idle');
    assert.ok(Math.abs(xinglong!.rangeKm - 645.5) < 5);
    assert.ok(Math.abs(xinglong!.lossDb! - 29.7) < 0.3);
    assert.equal(zvenigorod!.lossDb, null);
    // The last mission second, counted by hand.
    const [flown] = all.flown as [Flown];
    const fromSlot = flown.until.at(-11)!;
    assert.equal(xinglong!.detectionRateHz, flown.slot.filter((slot) => slot >= fromSlot).length);
    await fly(all.sky, first!.window.endMs);
    assert.equal(all.sky.moment().stations[0]!.beam, 'idle');
    assert.equal(all.sky.moment().stations[0]!.detectionRateHz, 0);
  });

  it('announces passes in which every station has one with light', async () => {
    const { sky } = await harness();
    const { passes, parameters, track } = sky.schedule();
    const { satellite } = sky.moment();
    for (const { id } of NIGHT.stations) assert.ok(passes.some(({ stationId, window }) => stationId === id && window));
    for (const { path, aosMs, losMs } of passes) {
      assert.equal(path.length, 41);
      assert.ok(Math.abs(path[0]!.utcMs - aosMs) <= 1 && Math.abs(path[40]!.utcMs - losMs) <= 1);
    }
    assert.equal(parameters.length, 71);
    assert.equal(satellite.elementsEpochUtc?.slice(0, 10), '2016-12-18');
    assert.equal(track.length, 95);
  });

  it('tells nobody the truth beside the photons', async () => {
    const all = await harness();
    const [first] = useful(all.sky);
    await fly(all.sky, first!.window.startMs + 5000, 10);
    const told = JSON.stringify([all.sky.schedule(), all.sky.moment()]);
    for (const secret of ['eveKnows', 'attacked', 'cause', '"photons"', '"seed"', 'basisX"', '"bit"']) {
      assert.ok(!told.includes(secret), secret);
    }
  });
});
