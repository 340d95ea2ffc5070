import assert from 'node:assert/strict';
import { test } from 'node:test';
import { skykey } from './test/command.ts';

test('skykey conformance tells that it consumes keys, and how it ends', async () => {
  const { code, stdout } = await skykey(['conformance', '--help']);
  assert.equal(code, 0);
  assert.match(stdout, /consumes keys of the/);
  assert.match(stdout, /Exit code 0 when no SHALL failed, 1 when one did/);
});

test('what cannot be used is refused before anything is asked, in one sentence', async () => {
  const wrong: [string[], RegExp, number][] = [
    [['--url', 'https://kme'], /required option '--ca <file>'/, 64],
    [
      ['--url', 'https://kme', '--ca', '/nowhere.pem', '--sae', 'a=b,c'],
      /^skykey: --ca \/nowhere\.pem cannot be read/,
      2,
    ],
  ];
  for (const [args, message, exit] of wrong) {
    const { code, stderr, stdout } = await skykey(['conformance', ...args]);
    assert.equal(code, exit, stderr);
    assert.match(stderr, message);
    assert.equal(stdout, '');
  }
});
