import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import {
  loadConfiguration,
  loadMission,
  loadScenario,
  satelliteConfiguration,
  scenarioFile,
  shippedScenarios,
  siteConfiguration,
  skyConfiguration,
} from './configuration.ts';
import { provision } from './up/provision.ts';

const folder = mkdtempSync(join(tmpdir(), 'skykey-configuration-'));
after(() => rmSync(folder, { recursive: true }));

const written = (name: string, content: unknown): string => {
  const file = join(folder, name);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
};

const SKY = {
  format: 'skykey-sky/1',
  scenario: 'micius-2016-12-19',
  memory: '/var/lib/skykey/sky.json',
  seed: 7,
  devicePort: 7311,
  operationsPort: 7310,
  tokens: { 'receiver xinglong': 'sixteen-characters-and-more' },
};

describe('a configuration', () => {
  it('is what was provisioned, for every kind of process', async () => {
    const plan = await provision({
      mission: loadMission('micius-2016-12-19'),
      scenarioName: 'micius-2016-12-19',
      data: join(folder, 'data'),
      port: 7300,
      now: Date.now(),
    });
    const schemas = { sky: skyConfiguration, satellite: satelliteConfiguration, site: siteConfiguration };
    for (const { role, configurationFile } of plan.processes) {
      const text = readFileSync(configurationFile, 'utf8');
      assert.deepEqual(loadConfiguration<unknown>(configurationFile, schemas[role]), JSON.parse(text));
    }
  });

  it('is refused in one sentence with file and field', () => {
    for (const [change, problem] of [
      [{ devicePort: 70_000 }, 'devicePort must be a port from 1 to 65535'],
      [{ devicePort: '7311' }, 'devicePort must be a port from 1 to 65535'],
      [{ devicePort: undefined }, 'devicePort must be a port from 1 to 65535'],
      [{ operationsPort: 1.5 }, 'operationsPort must be a port from 1 to 65535'],
      [{ memory: 'sky.json' }, 'memory must be an absolute path'],
      [{ scenario: './mine.json' }, 'scenario must be the id of a scenario, or an absolute path'],
      [{ seed: -1 }, 'seed must be a whole number from 0 to 2^53 - 1'],
      [{ seed: 2 ** 53 }, 'seed must be a whole number from 0 to 2^53 - 1'],
      [{ format: 'skykey-node/1' }, 'format must be "skykey-sky/1"'],
      [{ tokens: [] }, 'tokens must be there and of type record'],
      [{ speed: 5 }, 'the document must not have a member "speed"'],
    ] as const) {
      const file = written('sky.json', { ...SKY, ...change });
      assert.throws(() => loadConfiguration(file, skyConfiguration), {
        name: 'NodeError',
        code: 'node/configuration',
        message: `${file}: ${problem}`,
      });
    }
    const file = written('list.json', []);
    assert.throws(() => loadConfiguration(file, skyConfiguration), {
      message: `${file}: the document must be there and of type object`,
    });
  });

  it('never shows a secret in what it says', () => {
    const token = 'too-short-token';
    const short = written('short.json', { ...SKY, tokens: { 'receiver xinglong': token } });
    const broken = written('broken.json', `{"tokens": {"receiver xinglong": "${token}" "x"}}`);
    for (const file of [short, broken]) {
      assert.throws(
        () => loadConfiguration(file, skyConfiguration),
        ({ message }: Error) => {
          assert.ok(!message.includes('token"') && !message.includes(token.slice(0, 5)), message);
          return true;
        },
      );
    }
    assert.throws(() => loadConfiguration(short, skyConfiguration), {
      message: `${short}: tokens.receiver xinglong must be a text of 16 characters at least`,
    });
    assert.throws(() => loadConfiguration(broken, skyConfiguration), {
      message: `the configuration ${broken} is not JSON`,
    });
  });

  it('that is not there is named', () => {
    const file = join(folder, 'nowhere.json');
    assert.throws(() => loadConfiguration(file, skyConfiguration), {
      code: 'node/configuration',
      message: new RegExp(`^cannot read the configuration ${file}: ENOENT`),
    });
  });
});

describe('a scenario', () => {
  it('is found by its id', () => {
    assert.ok(shippedScenarios().includes('micius-2016-12-19'));
    for (const id of shippedScenarios()) assert.equal(loadScenario(id).id, id);
  });

  it('is found by its path, with the curve beside it', () => {
    const shipped = scenarioFile('micius-2016-12-19');
    const beside = join(folder, 'mine');
    mkdirSync(beside);
    const file = join(beside, 'mine.json');
    copyFileSync(shipped, file);
    assert.throws(() => loadScenario(file), {
      code: 'scenario/file',
      message: new RegExp(
        `^${file}: line \\d+: stations\\.xinglong\\.measured\\.file is "micius-2017-loss-against-range\\.csv", which cannot be read`,
      ),
    });
    const curve = 'micius-2017-loss-against-range.csv';
    copyFileSync(join(dirname(shipped), curve), join(beside, curve));
    assert.equal(loadScenario(file).id, 'micius-2016-12-19');
  });

  it('that does not exist is refused with the ids that there are', () => {
    for (const name of ['micius-2030', join(folder, 'nowhere.json')]) {
      assert.throws(() => loadScenario(name), {
        code: 'node/scenario',
        message: `there is no scenario "${name}": give one of ${shippedScenarios().join(', ')}, or the path of a .json file`,
      });
    }
  });

  it('that cannot be read says why', () => {
    const file = join(folder, 'folder.json');
    mkdirSync(file);
    assert.throws(() => loadScenario(file), {
      code: 'node/scenario',
      message: new RegExp(`^cannot read the scenario ${file}: EISDIR`),
    });
  });
});
