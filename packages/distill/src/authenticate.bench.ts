/**
 * Authentication: transcript bytes per CPU second, in long messages and in short ones.
 * Run: node packages/distill/src/authenticate.bench.ts
 */
import assert from 'node:assert/strict';
import { SecretBytes } from '@skykey/bits';
import { Transcript } from './authenticate.ts';

const key = (): SecretBytes => SecretBytes.adopt(crypto.getRandomValues(new Uint8Array(16)));
const point = key();
const pad = key();

for (const messageBytes of [1_000_000, 10_000, 100, 10]) {
  const message = new Uint8Array(messageBytes);
  for (let at = 0; at < messageBytes; at += 65536) crypto.getRandomValues(message.subarray(at, at + 65536));
  const messages = 40_000_000 / messageBytes;
  let best = 0;
  const tags = new Set<string>();
  for (let round = 0; round < 5; round++) {
    const before = process.cpuUsage();
    const transcript = new Transcript(point);
    for (let i = 0; i < messages; i++) transcript.add('bob-to-alice', message);
    tags.add(transcript.tag(pad, 'bench').join());
    const { user, system } = process.cpuUsage(before);
    best = Math.max(best, (messages * messageBytes) / (user + system));
  }
  assert.equal(tags.size, 1);
  console.log(`messages of ${messageBytes} bytes: ${best.toFixed(0)} MB per CPU second`);
}
