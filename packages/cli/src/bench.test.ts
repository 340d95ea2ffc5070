import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
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
    assert.match(stderr, /bench dreams: what can be measured is photons/);
    assert.match((await skykey(['bench', '--rounds', '0'])).stderr, /--rounds 0: give a whole number from 1 on/);
  });
});
