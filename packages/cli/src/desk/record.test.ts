import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { recordDocument } from '@skykey/hotline';
import { ALICE, BOB, World } from '@skykey/hotline/trial';
import { skykey } from '../test/command.ts';

const folder = mkdtempSync(join(tmpdir(), 'skykey-record-'));
after(() => rmSync(folder, { recursive: true }));
const file = (name: string): string => join(folder, name);

before(async () => {
  const world = new World({ seed: 1 });
  for (const id of [ALICE, BOB] as const) await world.start(id);
  const all = (holds: (id: typeof ALICE | typeof BOB) => boolean) =>
    world.until(() => [ALICE, BOB].every((id) => holds(id as typeof ALICE)));
  await all((id) => world.session(id).view().may.text.allowed);
  for (const id of [ALICE, BOB] as const) await world.session(id).record(true);
  await all((id) => world.session(id).view().line.record.on);
  await world.session(BOB).say({ text: 'seven \u001b[31mit is', sealing: 'hybrid', author: 'Boris' });
  await all((id) => world.session(id).view().record.signed?.texts === 1);
  const document = recordDocument(world.optionsOf(ALICE), world.session(ALICE).recordParts, (direction, number) =>
    world.sites[ALICE].disk.messages.get(`${direction}/${number}`),
  );
  writeFileSync(file('record.json'), JSON.stringify(document));
  writeFileSync(file('forged.json'), JSON.stringify(document).replace('seven', 'eight'));
  for (const id of [ALICE, BOB] as const) {
    const key = createPublicKey(world.signing[id]!.privateKey).export({ format: 'pem', type: 'spki' });
    writeFileSync(file(`${id}.pub`), key);
  }
});

const keys = () => [ALICE, BOB].flatMap((id) => ['--key', `${id}=${file(`${id}.pub`)}`]);

test('a record is checked without a desk: who said what, and whose keys are believed', async () => {
  const plain = await skykey(['desk', 'verify-record', file('record.json')]);
  assert.equal(plain.code, 0, plain.stderr);
  assert.match(plain.stdout, /desk-bob 1, Boris: seven it is\n1 texts are signed by desk-alice and desk-bob\./);
  assert.match(plain.stdout, /The key of desk-bob is the file's own \(SHA-256 [0-9a-f]{64}\): compare it/);
  const known = await skykey(['desk', 'verify-record', file('record.json'), ...keys()]);
  assert.ok(!known.stdout.includes('compare it'));
  const { texts } = JSON.parse((await skykey(['desk', 'verify-record', file('record.json'), '--json'])).stdout);
  assert.equal(texts[0].from, BOB);
});

test('a record that was altered, or is under other keys, shows nothing', async () => {
  const attempts = [
    [1, file('forged.json')],
    [1, file('record.json'), '--key', `${ALICE}=${file(`${BOB}.pub`)}`],
    [1, file('record.json'), '--key', `vienna=${file(`${BOB}.pub`)}`],
    [2, file('record.json'), '--key', ALICE],
    [2, file('desk-bob.pub')],
    [2, file('none.json')],
  ] as const;
  for (const [wanted, ...attempt] of attempts) {
    const { code, stdout, stderr } = await skykey(['desk', 'verify-record', ...attempt]);
    assert.deepEqual([code, stdout], [wanted, ''], attempt.join(' '));
    assert.match(stderr, /^skykey: .+\n$/);
  }
});
