import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DistillFigures } from './bench/distill.ts';
import { distillText } from './bench/distill-text.ts';
import type { HotlineFigures } from './bench/hotline.ts';
import { hotlineText } from './bench/hotline-text.ts';
import { benchText } from './bench.ts';
import { skykey } from './test/command.ts';

const speed = (name: string, detectionsPerCpuS: number) => ({
  name,
  detections: 4_200_000,
  pulses: 2e10,
  cpuS: 4_200_000 / detectionsPerCpuS,
  detectionsPerCpuS,
});

describe('skykey bench', () => {
  it('measures every stage of post-processing, with what is expected and a reference', async () => {
    const { code, stdout, stderr } = await skykey(['bench', 'distill', '--quick', '--json']);
    assert.equal(code, 0, stderr);
    const { machine, distill } = JSON.parse(stdout) as { machine: object; distill: DistillFigures };
    assert.deepEqual(Object.keys(machine), ['processor', 'architecture', 'node']);
    assert.equal(distill.rounds, 1);
    const stages = new Set(distill.figures.map(({ stage }) => stage));
    assert.deepEqual([...stages].sort(), ['amplify', 'cascade', 'chain', 'hash', 'ldpc']);
    for (const { name, value, least, most } of distill.figures) {
      assert(Number.isFinite(value) && value >= 0, `${name}: ${value}`);
      assert(least <= value && value <= most, name);
    }
    for (const stage of ['cascade', 'ldpc', 'amplify', 'hash']) {
      const references = distill.figures.filter((figure) => figure.stage === stage && figure.reference);
      assert(references.length, stage);
      for (const { reference } of references) assert(reference!.value > 0 && reference!.ratio > 0);
    }
    // Speeds are not a test's; what was counted is.
    for (const { name, met } of distill.figures.filter(({ name }) => /wrong bits|key of a pass/.test(name)))
      assert(met, name);
    const text = distillText(distill, 'a processor');
    assert.match(text, /Cascade at 2 %: [\d.,]+ Mbit\/s.*expected at least 50/s);
    assert.match(text, /times Cascade as published in 1993/);
    for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
  });

  const skip = !process.env.SKYKEY_TEST_LONG && 'starts many desks: SKYKEY_TEST_LONG=1, or skykey bench hotline';
  it('measures a call, texts from page to page and conversations at once', { skip }, async () => {
    const { code, stdout, stderr } = await skykey(['bench', 'hotline', '--quick', '--json']);
    assert.equal(code, 0, stderr);
    const { hotline } = JSON.parse(stdout) as { hotline: HotlineFigures };
    for (const value of Object.values(hotline.media)) assert(value > 0 && Number.isFinite(value));
    assert.deepEqual(
      hotline.texts.map(({ subject, times }) => [subject, times.count]),
      [
        ['reference', 10],
        ['hybrid', 10],
        ['sealed', 10],
      ],
    );
    for (const { times } of hotline.texts) assert(times.p50 > 0 && times.p50 <= times.p99 && times.p99 <= times.most);
    assert.deepEqual(
      hotline.crowds.map(({ name }) => name),
      ['idle', 'lively', 'call', 'crowd'],
    );
    // Speeds are not a test's; that every text came once is.
    for (const { said, delivered, refused, again } of hotline.crowds)
      assert.deepEqual({ delivered, refused, again }, { delivered: said, refused: 0, again: 0 });
    assert(hotline.crowds.at(-1)!.said > 0 && hotline.crowds[2]!.leases > 0);
    const text = hotlineText(hotline, 'a processor');
    assert.match(text, /sealed [\d.]+ %, [\d.]+ times bare AES-256-GCM/);
    for (const line of text.split('\n')) assert.ok(line.length <= 100, line);
  });

  it('says what is not met', () => {
    const figure = {
      stage: 'chain',
      name: 'a speed',
      unit: 'Mbit/s',
      value: 19.94,
      least: 18,
      most: 21,
      rounds: 3,
    } as const;
    const text = distillText(
      {
        rounds: 3,
        quick: false,
        warnings: ['no second core'],
        figures: [{ ...figure, expected: { least: 20 }, met: false }],
      },
      'a processor',
    );
    assert.match(text, /a speed: 19\.9 Mbit\/s \(18 to 21\); expected at least 20: NOT MET/);
    assert.match(text, /no second core/);
  });

  // The measurement itself takes half a minute and is the command's, not a test's.
  it('prints every figure with what it was measured on', () => {
    const text = benchText(
      {
        rounds: 5,
        links: [speed('ideal link', 20e6), speed('blinding, strength 1', 3.1e6)],
        pass: speed('300 s at 1 GHz and 40 dB', 12e6),
        perPulse: { pulses: 1e7, cpuS: 1, pulsesPerCpuS: 1e7 },
        ratio: 31_234.5,
      },
      'a processor, x64, v24',
    );
    assert.match(text, /a processor, x64, v24/);
    assert.match(text, /Median of 5 rounds/);
    assert.match(text, /blinding, strength 1 +4\.2 million +1\.35 s +3\.1 million\/s/);
    assert.match(text, /10\.0 million pulses\/s/);
    assert.match(text, /31,235 times/);
    for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
  });

  it('knows what it can measure', async () => {
    const { code, stderr } = await skykey(['bench', 'dreams']);
    assert.equal(code, 2);
    assert.match(stderr, /bench dreams: what can be measured is photons, distill, kme or hotline/);
    assert.match((await skykey(['bench', '--quick'])).stderr, /--quick is for bench distill, kme and hotline/);
    assert.match((await skykey(['bench', '--rounds', '0'])).stderr, /--rounds 0: give a whole number from 1 on/);
  });
});
