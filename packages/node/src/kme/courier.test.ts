import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { keyLane, peerLane } from '@skykey/kme';
import { Vault } from '@skykey/vault';
import { FileKeyring } from '../vault/file-keyring.ts';
import { COURIER_PROOF, couriersOf, takeCourier } from './courier.ts';
import { courierBytes } from './test/house.ts';

const folder = mkdtempSync(join(tmpdir(), 'skykey-courier-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const NOW = 1_700_000_000_000;

async function opened(site: string): Promise<Vault> {
  const vault = await Vault.open({
    store: { kind: 'sqlite', path: join(folder, `${site}.db`) },
    keyring: FileKeyring.open(join(folder, `${site}.keys`)),
    now: () => NOW,
    random: (bytes) => new Uint8Array(randomBytes(bytes)),
    processId: site,
  });
  after(() => vault.close());
  return vault;
}

const common = { link: 'courier-1', jurisdictions: ['FR'], nowMs: NOW };
const place = (site: string, bytes: Uint8Array): string => {
  const file = join(folder, `${site}.courier`);
  writeFileSync(file, bytes);
  return file;
};

test('both ends cut a file alike, whole and without overlap, and it is used once', async () => {
  const bytes = courierBytes(8192, 'one');
  const vaults = new Map([
    ['lyon', await opened('lyon')],
    ['paris', await opened('paris')],
  ]);
  const lanes = [
    ...[peerLane('lyon', 'paris'), peerLane('paris', 'lyon')],
    ...[keyLane('lyon', 'paris', 'direct'), keyLane('paris', 'lyon', 'direct')],
  ];
  const contents: string[][] = [];
  for (const [self, vault] of vaults) {
    const peer = self === 'lyon' ? 'paris' : 'lyon';
    const file = place(self, bytes);
    const id = await takeCourier({ vault, self, peer, file, ...common });
    assert.equal(id, Buffer.from(bytes.subarray(0, 32)).toString('hex'));
    assert.equal(existsSync(file), false);
    assert.deepEqual(await couriersOf(vault, peer), [id]);
    // Put back from a backup: it is removed and gives no second key.
    assert.equal(await takeCourier({ vault, self, peer, file: place(self, bytes), ...common }), id);
    assert.equal(existsSync(file), false);
    assert.equal(await takeCourier({ vault, self, peer, file, ...common }), null, 'there is none');
    contents.push(
      await vault.atomically(async (tx) => {
        const parts: string[] = [];
        for (const lane of lanes.slice(2)) {
          const range = await tx.reserve(lane, await tx.available(lane));
          const [labels] = await tx.labels(range);
          assert.equal(labels!.proof, COURIER_PROOF);
          assert.equal(labels!.simulated, false);
          const secret = await tx.take(range);
          parts.push(secret.open((key) => Buffer.from(key).toString('hex')));
        }
        for (const lane of lanes.slice(0, 2)) parts.push(String(await tx.length(lane)));
        return parts;
      }),
    );
  }
  assert.deepEqual(contents[0], contents[1]);
  const [there, back, pads, morePads] = contents[0]!;
  assert.equal(
    (there!.length + back!.length) / 2 + Number(pads) + Number(morePads) + 32,
    8192,
    'every byte has one use',
  );
  const whole = Buffer.from(bytes).toString('hex');
  assert.ok(whole.endsWith(there! + back!));
});

test('what is no key is refused and stays as it was', async () => {
  const vault = await opened('rome');
  for (const [bytes, sentence] of [
    [new Uint8Array(4096), /holds one byte again and again/],
    [courierBytes(100, 'two'), /has 100 bytes; it must have from 4096/],
    [courierBytes(5001, 'two'), /a multiple of 16/],
  ] as const) {
    const file = place('rome', bytes);
    await assert.rejects(takeCourier({ vault, self: 'rome', peer: 'paris', file, ...common }), sentence);
    assert.ok(Buffer.from(bytes).equals(readFileSync(file)));
  }
  assert.deepEqual(await couriersOf(vault, 'paris'), []);
});
