import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { DEFAULT_PROOF, type DecoyDocument, type KeyStatement, keyLength, PROOFS } from '@skykey/finitekey';
import { CliError } from './error.ts';
import { type KeyrateOptions, keyrate, type OptimumDocument } from './keyrate.ts';
import { scaled } from './plot/keyrate-chart.ts';
import { COMMAND, skykey } from './test/command.ts';

const folder = mkdtempSync(join(tmpdir(), 'skykey-keyrate-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The Micius source; lengths under Lim et al. 2014 as two implementations have them. */
const micius = {
  protocol: 'decoy-bb84',
  intensities: [0.8, 0.1, 0],
  probabilities: [0.5, 0.25, 0.25],
  nX: [9401211, 592918, 5871],
  mX: [99766, 8806, 2935],
  nZ: [940121, 59292, 587],
  mZ: [9977, 881, 294],
  epsSec: 1e-9,
  epsCor: 1e-15,
  leakBits: 1024610.8709700312,
};
const pairs = {
  protocol: 'bbm92',
  keyBits: 100000,
  keyErrors: 2000,
  testBits: 100000,
  testErrors: 2000,
  epsSec: 1e-9,
  epsCor: 1e-15,
  efficiency: 1.1,
};
const LINK = ['--loss', '30', '--pulses', '1e10'] as const;

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

async function printed(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await skykey(['keyrate', ...args]);
  assert.equal(code, 0, stderr);
  return stdout;
}

const json = async <T>(...args: string[]): Promise<T> => JSON.parse(await printed(...args, '--json')) as T;

const sum = (values: readonly number[]): number => values.reduce((whole, value) => whole + value, 0);

describe('skykey keyrate --list', () => {
  it('names every proof, and the default', async () => {
    const list = await json<{ name: string; default: boolean; rigorous: boolean }[]>('--list');
    assert.deepEqual(
      list.map(({ name }) => name),
      PROOFS.map(({ name }) => name),
    );
    assert.deepEqual(
      list.filter((one) => one.default).map(({ name }) => name),
      [DEFAULT_PROOF],
    );
    const words = await printed('--list');
    for (const { name, source } of PROOFS) assert.ok(words.includes(name) && words.includes(source.slice(0, 20)), name);
    assert.ok(words.split('\n').every((line) => line.length <= 80));
  });
});

describe('skykey keyrate --counts', () => {
  const counts = file('micius.json', micius);

  it('gives the published length, and every field of the contract', async () => {
    const hoeffding = await json<KeyStatement>('--counts', counts, '--proof', 'lim2014-hoeffding');
    assert.equal(hoeffding.secretBits, 2386882);
    const chernoff = await json<KeyStatement>('--counts', counts, '--proof', 'lim2014-chernoff');
    assert.equal(chernoff.secretBits, 2745306);
    for (const field of ['s0', 's1', 'phaseError', 'leakBits', 'rawSecretBits'] as const) {
      assert.equal(typeof chernoff[field], 'number', field);
    }
    assert.equal(chernoff.proof, 'lim2014-chernoff');
    assert.ok(chernoff.assumptions.length > 0);
    assert.ok(Math.abs(sum(Object.values(chernoff.terms)) - chernoff.rawSecretBits) < 1e-6);
  });

  it('takes the default proof where none is named, and explains every term and epsilon of it', async () => {
    const statement = await json<KeyStatement>('--counts', counts);
    assert.equal(statement.proof, DEFAULT_PROOF);
    const words = await printed('--counts', counts);
    assert.ok(words.startsWith(`${statement.secretBits.toLocaleString('en')} secret bits under ${DEFAULT_PROOF}\n`));
    for (const name of Object.keys(statement.terms)) assert.match(words, new RegExp(`^ {2}${name} .*[a-z]`, 'm'));
    for (const { event } of statement.epsilons) assert.ok(words.includes(event), event);
    assert.match(words, /1\.00e-9 {3}together/);
    assert.match(words, /Assumed\n/);
  });

  it('charges the tag as it was sent, and tells a plan from a statement', async () => {
    const sent = file('sent.json', { ...micius, leakBits: 1024611, tagBits: 128 });
    const statement = await json<KeyStatement>('--counts', sent);
    assert.equal(statement.terms.verification, -128);
    assert.equal(statement.rigorous, true);
    assert.match(await printed('--counts', sent), /Every step is a theorem/);
    const { leakBits, ...counted } = micius;
    const modelled = file('modelled.json', { ...counted, efficiency: 1.16 });
    assert.equal((await json<KeyStatement>('--counts', modelled)).rigorous, false);
    assert.match(await printed('--counts', modelled), /Not for releasing key as it stands/);
    const short = file('short.json', { ...micius, tagBits: 32 });
    const { code, stderr } = await skykey(['keyrate', '--counts', short]);
    assert.equal(code, 2);
    assert.match(stderr, /^skykey: --counts .*: tagBits: must be a finite number from 50\.8\d* on .*\n$/);
  });

  it('reads standard input', async () => {
    const child = spawn(process.execPath, [COMMAND, 'keyrate', '--counts', '-', '--proof', 'bbm92', '--json']);
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stdin.end(JSON.stringify(pairs));
    const code = await new Promise((resolve) => child.once('close', resolve));
    assert.equal(code, 0);
    assert.ok((JSON.parse(out) as KeyStatement).secretBits > 0);
  });

  it('draws a block of another size with everything that was counted or said in proportion', () => {
    const block = { ...(micius as DecoyDocument), bobBits: 1000, darkExcess: { key: 30, test: 20 }, tagBits: 128 };
    const double = scaled(block, 2) as DecoyDocument;
    assert.deepEqual(double.nX, [18802422, 1185836, 11742]);
    assert.deepEqual([double.bobBits, double.darkExcess], [2000, { key: 60, test: 40 }]);
    assert.deepEqual([double.tagBits, double.epsSec], [128, 1e-9]);
    // A length of a block twice as large is at least twice as long: nothing but the small print shrinks.
    assert.ok(keyLength('tilted', double).rawSecretBits > 2 * keyLength('tilted', block).rawSecretBits);
    assert.ok(!('darkExcess' in scaled(micius as DecoyDocument, 2)));
  });

  it('draws key against the size of the block', async () => {
    for (const [name, args] of [
      ['decoys', ['--counts', counts]],
      ['pairs', ['--counts', file('pairs.json', pairs), '--proof', 'bbm92']],
    ] as const) {
      const svg = join(folder, `${name}.svg`);
      await printed(...args, '--plot', svg);
      const drawn = readFileSync(svg, 'utf8');
      assert.doesNotMatch(drawn, /NaN|Infinity|undefined/);
      const curves = PROOFS.filter(({ protocol, intensities }) =>
        name === 'pairs' ? protocol === 'bbm92' : intensities.includes(3),
      );
      assert.equal(drawn.match(/aria-label="line"/g)?.length, curves.length);
      assert.equal(drawn.match(/aria-label="dot"/g)?.length, curves.length);
      for (const curve of curves) assert.ok(drawn.includes(curve.name), curve.name);
    }
  });
});

describe('skykey keyrate --optimise', () => {
  it('finds a setting whose counts give its key again', async () => {
    const found = await json<OptimumDocument>('--optimise', ...LINK, '--proof', 'lim2014-chernoff');
    assert.ok(found.statement.secretBits > 0 && found.keyFromBlocks === 1);
    assert.deepEqual(found.window, { slices: 1, of: 1, mostLossDb: 30 });
    assert.ok(found.link.assumed.includes('noise 5e-7'));
    const again = file('again.json', found.counts);
    assert.deepEqual(await json('--counts', again, '--proof', 'lim2014-chernoff'), found.statement);
  });

  it('takes a pass from a file, and leaves out what costs more than it brings', async () => {
    const lossDb = [...new Array(20).fill(30), ...new Array(20).fill(75)] as number[];
    const link = file('pass.json', { lossDb, pulses: 1e9, misalignment: 0.005, epsSec: 1e-10 });
    const found = await json<OptimumDocument>('--optimise', '--link', link, '--proof', 'rusca2018', '--noise', '1e-6');
    assert.equal(found.window.slices, 20);
    assert.equal(found.counts.epsSec, 1e-10);
    assert.equal(found.link.request.link.noise, 1e-6);
    assert.deepEqual(found.link.assumed, ['afterPulsing 0', 'efficiency 1.16', 'epsCor 1e-15', 'tagBits 128']);
    const words = await printed('--optimise', '--link', link, '--proof', 'rusca2018');
    assert.match(words, /part of the pass +20 of 40 slices: up to 30\.00 dB/);
  });

  it('charges the tag that sessions send, or another, or what published formulas charge: then the yardstick is reached', async () => {
    const link = new URL('../../finitekey/data/satquma-case-b.json', import.meta.url).pathname;
    const caseB = async (...args: string[]): Promise<KeyStatement> =>
      (await json<OptimumDocument>('--optimise', '--link', link, '--proof', 'lim2014-chernoff', ...args)).statement;
    const published = await caseB('--tag-bits', 'published');
    assert.ok(published.secretBits >= 1_284_958, `${published.secretBits}`);
    assert.ok(Math.abs(published.terms.verification! + Math.log2(2 / 1e-15)) < 1e-9);
    const sent = await caseB();
    assert.equal(sent.terms.verification, -128);
    assert.ok(Math.abs(published.rawSecretBits - sent.rawSecretBits - (128 - Math.log2(2 / 1e-15))) < 1);
    assert.equal((await caseB('--tag-bits', '64')).terms.verification, -64);
  });

  it('says what a block without a key lacks', async () => {
    const small = await printed('--optimise', '--loss', '40', '--pulses', '1e8', '--proof', 'lim2014-chernoff');
    assert.match(small, /^0 secret bits/);
    assert.match(small, /some from about\s+[\d.e+]+\s+times/);
    const never = await printed('--optimise', ...LINK, '--misalignment', '0.2', '--proof', 'lim2014-chernoff');
    assert.match(never, /No key, however long it lasts/);
  });
});

describe('what skykey keyrate refuses', () => {
  const counts = file('counts.json', micius);
  const link = { optimise: true, loss: 30, pulses: 1e10 } as const;
  const cases: readonly (readonly [string, KeyrateOptions, RegExp])[] = [
    ['nothing to do', {}, /--counts is missing.*--optimise.*--list/],
    ['two things', { counts, optimise: true }, /give one of the two/],
    ['a file that is not there', { counts: join(folder, 'none') }, /none cannot be read: there is no such file/],
    ['a file that is no JSON', { counts: file('text.json', 'nX: 3') }, /text\.json is not a JSON document/],
    ['an empty file', { counts: file('empty.json', '') }, /it is empty/],
    ['counts of another proof', { counts, proof: 'bbm92' }, /counts\.json: protocol: .*bbm92/],
    ['an unknown proof', { counts, proof: 'lim' }, /the proofs are tilted/],
    ['an option without effect', { counts, loss: 3 }, /--loss has no effect with --counts/],
    ['a field out of range', { counts: file('eps.json', { ...micius, epsSec: 2 }) }, /eps\.json: epsSec: must/],
    ['an unknown field', { counts: file('typo.json', { ...micius, nz: [] }) }, /typo\.json: nz: is not known/],
    ['too many errors', { counts: file('m.json', { ...micius, mZ: [1e9, 0, 0] }) }, /mZ: 1000000000 errors among/],
    ['a link without loss', { optimise: true, pulses: 1e9 }, /--loss is missing/],
    ['a link without pulses', { optimise: true, loss: 30 }, /--pulses is missing/],
    ['a gain', { ...link, loss: -3 }, /--loss must be from 0 to 150 dB/],
    ['noise that is none', { ...link, noise: 0.5 }, /link\.noise: .*must lie from 0 to 0\.1/],
    ['pairs', { ...link, proof: 'bbm92' }, /proof: bbm92 is for pairs/],
    [
      'a tag too short for eps_cor',
      { ...link, tagBits: 32 },
      /--optimise: tagBits: must be a finite number from 50\.8/,
    ],
    [
      'words for a tag',
      { optimise: true, link: file('tag.json', { lossDb: 30, pulses: 1e9, tagBits: 'short' }) },
      /tag\.json: tagBits must be a number or "published", not "short"/,
    ],
    ['three decoys', { ...link, decoys: 3 }, /decoys: must be 1 or 2/],
    [
      'an unknown field of a link',
      { optimise: true, link: file('link.json', { lossDB: 3 }) },
      /link\.json: lossDB is not known; the fields are lossDb/,
    ],
    ['a link that is a list', { optimise: true, link: file('list.json', [30]) }, /must be a JSON object/],
    [
      'words for a number',
      { optimise: true, link: file('w.json', { lossDb: 3, pulses: '1e9' }) },
      /pulses must be a number/,
    ],
    ['a plot nowhere', { counts, plot: join(folder, 'no', 'x.svg') }, /--plot .* cannot be written/],
  ];
  for (const [name, options, sentence] of cases) {
    it(name, async () => {
      await assert.rejects(keyrate(options), (error) => {
        assert.ok(error instanceof CliError, String(error));
        assert.match(error.message, sentence);
        assert.ok(!error.message.includes('\n'));
        return true;
      });
    });
  }

  it('in one line on standard error, with exit code 2 and nothing on standard output', async () => {
    const { code, stdout, stderr } = await skykey(['keyrate', '--counts', counts, '--proof', 'bbm92', '--json']);
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /^skykey: --counts .*: protocol: .*\n$/);
  });
});
