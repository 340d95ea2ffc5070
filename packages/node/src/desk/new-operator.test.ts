import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { loadConfiguration, loadMission, siteConfiguration } from '../configuration.ts';
import { provision } from '../up/provision.ts';
import { newOperatorLink } from './new-operator.ts';
import { House, type MemoryState, tokenOf } from './sign-in/test/house.ts';
import { DeskStore } from './store/index.ts';

const NAME = 'micius-2016-12-19';

it('whoever runs the machine of a site lets in a new operator, while the site is stopped', async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'skykey-operator-'));
  t.after(() => rmSync(data, { recursive: true }));
  const mission = loadMission(NAME);
  const plan = await provision({ mission, scenarioName: NAME, data, port: 7300, now: Date.now() });
  const { configurationFile } = plan.processes.find(({ role }) => role === 'site')!;
  const { desk } = loadConfiguration(configurationFile, siteConfiguration);
  const open = async () => {
    const store = await DeskStore.open({ folder: desk.folder, witness: desk.witness, now: Date.now });
    const house = await House.open(t, {
      origin: `http://localhost:${desk.port}`,
      state: store as unknown as MemoryState,
    });
    house.nowMs = Date.now();
    return { store, house };
  };

  const before = await open();
  await before.house.person('Anna', ['operator']);
  await assert.rejects(newOperatorLink(configurationFile), {
    code: 'desk/busy',
    message: /is open in another process: end that one first/,
  });
  await before.store.close();

  const link = await newOperatorLink(configurationFile);
  assert.match(link.link, new RegExp(`^http://localhost:${desk.port}/#enrol=[\\w-]{43}$`));
  const after = await open();
  try {
    const carol = after.house.browser();
    const { body } = await carol.enrol(link, {}, 'Carol');
    assert.deepEqual([body.name, body.roles], ['Carol', ['speaker', 'operator', 'approver']]);
    const { persons } = (await carol.get('/api/persons')).body;
    assert.deepEqual(persons.map(({ name }: { name: string }) => name).sort(), ['Anna', 'Carol'], 'nobody was removed');
    assert.ok(!JSON.stringify(after.house.journal).includes(tokenOf(link)));
  } finally {
    await after.store.close();
  }
});
