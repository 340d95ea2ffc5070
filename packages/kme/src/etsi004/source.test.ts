import assert from 'node:assert/strict';
import { it } from 'node:test';
import { saeOfUri } from './source.ts';

it('the application that a URI names', () => {
  for (const [uri, sae] of [
    ['urn:skykey:sae-a', 'sae-a'],
    ['urn:skykey:', null],
    ['urn:skykey:a b', null],
    ['urn:example:app:7', 'urn:example:app:7'],
    ['qkd://app1@site-a', 'site-a'],
    ['client://localhost', 'localhost'],
    [
      'hybrid://SPI_1@aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa?hybridization=xoring',
      'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa',
    ],
    ['qkd://site-a:4433/path#x', 'site-a'],
    ['qkd://a@b@site-a', null],
    ['qkd://%61', null],
    ['qkd://Site-A', 'Site-A'],
    ['qkd//app1@aaaaaaaa', null],
    ['client', null],
    ['', null],
  ] as const) {
    assert.equal(saeOfUri(uri), sae, uri);
  }
  const aliases = new Map([['qkd//app1@aaaaaaaa', 'sae-a']]);
  assert.equal(saeOfUri('qkd//app1@aaaaaaaa', aliases), 'sae-a', 'as the C example writes it');
  assert.equal(saeOfUri('__proto__', aliases), null);
});
