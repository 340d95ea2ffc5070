/**
 * Privacy amplification, input bits per second of processor time, from the size of a pass to a hundred million bits; and
 * the memory that the process has taken.
 * Run: node packages/distill/src/amplify.bench.ts
 */
import assert from 'node:assert/strict';
import { type Bits, fromBytes, xor } from '@skykey/bits';
import { amplify, toeplitzSeedBits } from './amplify.ts';

function random(length: number): Bits {
  const bytes = new Uint8Array(Math.ceil(length / 8));
  for (let at = 0; at < bytes.length; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536));
  return fromBytes(bytes, length);
}

for (const inputBits of [1e5, 1e6, 1e7, 1e8]) {
  for (const outputBits of [inputBits / 4, inputBits / 2]) {
    const seed = random(toeplitzSeedBits(inputBits, outputBits));
    const [a, b] = [random(inputBits), random(inputBits)];
    const inputs = [a, b, xor(a, b)];
    const times: number[] = [];
    for (let round = 0; round < (inputBits < 1e8 ? 5 : 1); round++) {
      const before = process.cpuUsage();
      for (let calls = 3; ; calls += 3) {
        const outputs = inputs.map((input) => amplify(input, seed, outputBits));
        assert.ok(outputs[2]!.bytes.every((byte, i) => byte === (outputs[0]!.bytes[i]! ^ outputs[1]!.bytes[i]!)));
        const { user, system } = process.cpuUsage(before);
        if (user + system < 1e5) continue;
        times.push((user + system) / calls / 1e6);
        break;
      }
    }
    const medianS = times.sort((x, y) => x - y)[times.length >> 1]!;
    const rate = (inputBits / medianS / 1e6).toFixed(0);
    const memory = (process.resourceUsage().maxRSS / 1024).toFixed(0);
    console.log(
      `${inputBits} to ${outputBits} bits: ${(medianS * 1e3).toFixed(2)} ms, ${rate} Mbit/s of input; ${memory} MB`,
    );
  }
}
