import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type AcquisitionClaim, answerClaim, type DetectionChunk, spentSlots } from '@skykey/distill';
import { loadScenario } from '@skykey/node';
import { openTagTable } from '@skykey/photons';
import { type TagsWriteOptions, writeRecording } from '../tags.ts';
import { openDetections } from './detections.ts';
import type { LinkDocument } from './link-document.ts';
import { linkFromScenario } from './link-from-scenario.ts';
import { makeTiming, type TimingOptions } from './make-timing.ts';
import { readTiming, type TimingDocument, timingText } from './timing-document.ts';

const folder = mkdtempSync(join(tmpdir(), 'skykey-raw-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const path = (name: string): string => join(folder, name);
const play = { scenario: 'micius-2016-12-19', seed: 7, seconds: 3 } as const;
const write = (options: Partial<TagsWriteOptions> & { readonly out: string }) =>
  writeRecording({ ...play, ...options, out: path(options.out) });
const { link } = linkFromScenario(loadScenario(play.scenario), play);

async function columnsOf(name: string) {
  const bytes = readFileSync(path(name));
  const slice = (from: number, to?: number): ArrayBuffer => new Uint8Array(bytes).slice(from, to).buffer;
  const table = await openTagTable({ byteLength: bytes.length, slice });
  return { columns: (await table.groups().next()).value!.columns, metadata: table.metadata };
}

/** Detections of raw tags, whose claims are answered from what `write` with `settings` says was sent. */
async function found(name: string, of: LinkDocument = link, timing?: string) {
  const { columns } = await columnsOf('settings.parquet');
  const { slot, intensity, basis, bit } = columns;
  const sent = new Map<number, number>();
  for (let i = 0; i < slot!.length; i++) sent.set(slot![i]!, intensity![i]! * 4 + basis![i]! * 2 + bit![i]!);
  // By the probabilities of the source, the same each time.
  const silent = (at: number): number => {
    const h = Math.imul(at ^ (at >>> 15), 0x2c1b3c6d) >>> 0;
    return (h >>> 31 === 0 ? 0 : 4 * (1 + ((h >>> 30) & 1))) + ((h >>> 12) & 3);
  };
  const { chunks, warnings, close } = await openDetections(path(name), of, timing);
  assert(typeof chunks === 'function');
  const claims: AcquisitionClaim[] = [];
  let watched = 0;
  const acquisition = {
    ask: async (claim: AcquisitionClaim) => {
      claims.push(claim);
      const settings = (slots: Float64Array): number[] => [...slots].map((at) => sent.get(at) ?? silent(at));
      const emissions = (slots: Float64Array) => ({
        intensity: Uint8Array.from(settings(slots), (one) => one >> 2),
        basis: Uint8Array.from(settings(slots), (one) => (one >> 1) & 1),
        bit: Uint8Array.from(settings(slots), (one) => one & 1),
      });
      const answer = answerClaim(claim, emissions, { sentUntil: of.parameters.pulses, settledUntil: watched });
      watched = spentSlots(claim).until;
      return answer;
    },
    settle: async () => undefined,
  };
  const all: DetectionChunk[] = [];
  try {
    for await (const chunk of chunks(acquisition)) {
      all.push(chunk);
      watched = chunk.untilSlot;
    }
  } finally {
    close();
  }
  return {
    claims,
    warnings,
    watched,
    slot: all.flatMap((chunk) => [...chunk.slot]),
    detector: all.flatMap((chunk) => [...chunk.detector]),
  };
}

describe('raw tags', () => {
  const timingOf = (name: string): TimingDocument => readTiming(`${path(name)}.timing.json`);

  it('get the slots that the tags with slots have, from either format', async () => {
    write({ out: 'settings.parquet', settings: true });
    const { timing, files } = write({ out: 'raw.parquet', raw: true, truth: path('truth.parquet') });
    assert.equal(timing, `${path('raw.parquet')}.timing.json`);
    const raw = await columnsOf('raw.parquet');
    assert.deepEqual(Object.keys(raw.columns), ['time_ps', 'detector']);
    assert.equal(timingOf('raw.parquet').tags, files[0]!.tags);
    const truth = await columnsOf('truth.parquet');
    assert.deepEqual(truth.columns.time_ps, raw.columns.time_ps);
    // What is hidden is told nowhere but in the truth.
    assert.ok(Math.abs(Number(truth.metadata.secondOffsetPs)) > 1e4);
    assert.equal(raw.metadata.secondOffsetPs, undefined);
    const { claims, slot, detector, warnings, watched } = await found('raw.parquet');
    assert.equal(claims.length, 1);
    assert.equal(watched, link.parameters.pulses);
    assert.match(warnings.join(), /simulated/);
    const { columns } = await columnsOf('settings.parquet');
    const { until } = spentSlots(claims[0]!);
    const due: string[] = [];
    for (let i = 0; i < columns.slot!.length; i++) {
      const at = columns.slot![i]!;
      const off = columns.offset_ps![i]!;
      if (at >= until && at < link.parameters.pulses && Math.abs(off) <= link.sync.gatePs / 2) {
        due.push(`${at} ${columns.detector![i]}`);
      }
    }
    const got = new Set(slot.map((at, i) => `${at} ${detector[i]}`));
    const common = due.filter((one) => got.has(one)).length;
    assert.ok(due.length > 5000);
    // A few stand on the border of the gate, where a few ps of tracking decide.
    assert.ok(
      common > 0.99 * due.length && slot.length < 1.01 * due.length,
      `${common} of ${due.length}, ${slot.length}`,
    );
    write({ out: 'raw.dat', raw: true });
    const other = await found('raw.dat', link, `${path('raw.parquet')}.timing.json`);
    assert.ok(other.slot.filter((at, i) => got.has(`${at} ${other.detector[i]}`)).length > 0.99 * slot.length);
  });

  it('are not found with a clock, an ephemeris or a slot 0 that is wrong', async () => {
    const timing = timingOf('raw.parquet');
    const { pulsePerSecond, lightTime, slotZeroPs } = timing;
    const wrong = async (change: Partial<TimingDocument>, message: RegExp): Promise<void> => {
      const file = path('wrong.timing.json');
      writeFileSync(file, timingText({ ...timing, ...change }));
      await assert.rejects(found('raw.parquet', link, file), { message });
    };
    const none = /^no light was found: .* the instant of slot 0/;
    await wrong({ slotZeroPs: slotZeroPs + 6e6 }, none);
    await wrong({ pulsePerSecond: { ...pulsePerSecond, firstSecond: pulsePerSecond.firstSecond + 1 } }, none);
    const late = pulsePerSecond.readingPs.map((one, n) => one + 5e5 * n);
    await wrong({ pulsePerSecond: { ...pulsePerSecond, readingPs: late } }, none);
    await wrong({ lightTime: { ...lightTime, startPs: lightTime.startPs + 5e11 } }, none);
  });

  it('are refused in one sentence, before anything was said, where something is wrong with them', async () => {
    const timing = timingOf('raw.parquet');
    const { pulsePerSecond, lightTime } = timing;
    const refused = async (document: unknown, message: RegExp, name = 'raw.parquet', of = link): Promise<void> => {
      const file = path('wrong.timing.json');
      writeFileSync(file, typeof document === 'string' ? document : timingText(document as TimingDocument));
      await assert.rejects(openDetections(path(name), of, file), (error: Error & { code: string }) => {
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /\n/);
        return error.code === 'cli/file';
      });
    };
    const { tags, ...without } = timing;
    await refused('{', /it is no JSON/);
    await refused('{"format":"skykey-link/1"}', /format is "skykey-link\/1"; this program reads "skykey-timing\/1"/);
    await refused(without, /tags must be a number, not left out/);
    await refused({ ...timing, offset: 3 }, /offset is not known; there are tags, jitterPs/);
    await refused(
      { ...timing, pulsePerSecond: { ...pulsePerSecond, readingPs: [1, 'two'] } },
      /pulsePerSecond\.readingPs\[1\] must be a number, not "two"/,
    );
    await refused({ ...timing, lightTime: 7 }, /lightTime must be an object/);
    await refused({ ...timing, tags: tags + 1 }, /has \d+ tags, and tags is \d+ in .*: the recording was cut/);
    await refused({ ...timing, jitterPs: 8000 }, /jitterPs is 8000, 0\.80 of a slot/);
    const { readingPs } = pulsePerSecond;
    await refused(
      { ...timing, pulsePerSecond: { ...pulsePerSecond, readingPs: readingPs.slice(0, -5) } },
      /reaches from \d+\.\d+ s to .*: a pass that was not watched to its end/,
    );
    await refused(
      { ...timing, pulsePerSecond: { ...pulsePerSecond, readingPs: readingPs.toSpliced(3, 1) } },
      /pulse \d+ of the pulse-per-second is \d+ ps off the line of all/,
    );
    const rates = lightTime.ratePsPerS.map((one) => one * 1e-12);
    await refused(
      { ...timing, lightTime: { ...lightTime, ratePsPerS: rates } },
      /light-time table .* apart where they meet/,
    );
    const short = Object.fromEntries(
      Object.entries(lightTime).map(([name, value]) => [name, Array.isArray(value) ? value.slice(0, 7) : value]),
    );
    await refused({ ...timing, lightTime: short }, /has no flight time for light that leaves 3\.\d+ s after slot 0/);

    const bytes = readFileSync(path('raw.parquet'));
    writeFileSync(path('cut.parquet'), bytes.subarray(0, bytes.length - 50));
    await refused(timing, /ends too early|cut\.parquet, byte/, 'cut.parquet');
    const words = readFileSync(path('raw.dat'));
    writeFileSync(path('cut.dat'), words.subarray(0, 4003));
    await refused(timing, /cut\.dat, byte 4000: the file ends after 3 of the 8 bytes/, 'cut.dat');
    writeFileSync(path('fewer.dat'), words.subarray(0, 4000));
    await refused(timing, /fewer\.dat has 500 tags, and tags is/, 'fewer.dat');
    writeFileSync(
      path('turned.dat'),
      Buffer.concat([words.subarray(0, 80), words.subarray(88, 96), words.subarray(80, 88)]),
    );
    await refused(timing, /turned\.dat, byte 88: .*earlier/, 'turned.dat');
    await refused(timing, /timing\.json, byte|wrong\.timing/, 'wrong.timing.json');
  });

  it('get their timing from a pulse-per-second and elements, and are found by it', async () => {
    const { pulsePerSecond, slotZeroPs, lightTime } = timingOf('raw.parquet');
    const pps = path('raw.pps');
    writeFileSync(pps, `${pulsePerSecond.readingPs.join('\n')}\n`);
    // Slot 0 leaves at 16:49:57.6, as "tags write" says; the first pulse is some whole seconds before.
    const zeroMs = Date.parse('2016-12-19T16:49:57.600Z') - slotZeroPs / 1e9;
    const options: TimingOptions = {
      tags: path('raw.parquet'),
      pps,
      firstSecond: new Date(Math.round(zeroMs) + pulsePerSecond.firstSecond * 1000).toISOString(),
      slotZero: '2016-12-19T16:49:57.600000000000Z',
      jitter: 350,
      scenario: play.scenario,
    };
    const { timing, warnings } = await makeTiming(options);
    assert.deepEqual(warnings, []);
    assert.equal(timing.slotZeroPs, slotZeroPs - pulsePerSecond.firstSecond * 1e12);
    assert.equal(timing.lightTime.delayPs.length, lightTime.delayPs.length);
    for (const [n, delay] of timing.lightTime.delayPs.entries()) {
      assert.ok(Math.abs(delay - lightTime.delayPs[n]!) < 5e5, 'the satellite is up to 20 ms ahead or behind');
    }
    const file = path('made.timing.json');
    writeFileSync(file, timingText(timing));
    assert.deepEqual(readTiming(file), timing);
    const [one, other] = [await found('raw.parquet', link, file), await found('raw.parquet')];
    const due = new Set(other.slot);
    assert.ok(one.slot.filter((slot) => due.has(slot)).length > 0.99 * other.slot.length);
    const refused = (change: Partial<TimingOptions>, message: RegExp) =>
      assert.rejects(makeTiming({ ...options, ...change }), { message });
    await refused({ firstSecond: '2016-12-19T16:49:57.6Z' }, /^--first-second .* at a whole second/);
    await refused({ slotZero: '2016-12-19' }, /^--slot-zero 2016-12-19: give an instant/);
    await refused({ latitude: 40 }, /both --latitude and --longitude/);
    await refused({ tle: pps, omm: pps }, /--tle and --omm/);
    writeFileSync(path('odd.pps'), '12\n13.5\n');
    await refused({ pps: path('odd.pps') }, /odd\.pps, line 2: "13\.5" is no whole number/);
    await refused({ tags: path('nowhere') }, /there is no such file/);
  });

  it('are not written of pairs, nor with settings', () => {
    assert.throws(() => write({ out: 'x.parquet', raw: true, settings: true }), /--settings: raw tags have no slots/);
    assert.throws(() => write({ out: 'x.dat', raw: true, scenario: 'entanglement-1203' }), /--raw: entangled pairs/);
  });
});
