import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enrolmentToken, namedAddress, obstacle, passkeyRefusal } from './passkey.ts';

const Full = Object.assign(function PublicKeyCredential() {}, {
  parseCreationOptionsFromJSON() {},
  parseRequestOptionsFromJSON() {},
});
const page = { isSecureContext: true, hostname: 'localhost', PublicKeyCredential: Full };

test('passkeys need their interfaces, a secure page and a name', () => {
  assert.equal(obstacle(page), null);
  assert.equal(obstacle({ ...page, PublicKeyCredential: undefined }), 'browser');
  assert.equal(obstacle({ ...page, PublicKeyCredential: function Old() {} }), 'browser');
  assert.equal(obstacle({ ...page, isSecureContext: false, hostname: 'desk.example' }), 'insecure');
  for (const hostname of ['127.0.0.1', '192.168.1.20', '[::1]']) {
    assert.equal(obstacle({ ...page, hostname }), 'address', hostname);
  }
});

test('this machine has a name; another’s is not guessed', () => {
  assert.equal(namedAddress('http://127.0.0.1:24461/#enrol=abc'), 'http://localhost:24461/#enrol=abc');
  assert.equal(namedAddress('http://[::1]:24461/'), 'http://localhost:24461/');
  assert.equal(namedAddress('http://192.168.1.20:24461/'), null);
});

test('an enrolment link carries its token behind the hash, and nothing odd', () => {
  assert.equal(enrolmentToken('#enrol=Ab-c_9.~'), 'Ab-c_9.~');
  assert.equal(enrolmentToken('#enrol=a%2Bb'), 'a+b');
  for (const hash of [
    '',
    '#',
    '#enrol=',
    '#enrol=a b',
    '#enrol=<x>',
    '#other=a',
    '#enrol=%',
    `#enrol=${'a'.repeat(513)}`,
  ]) {
    assert.equal(enrolmentToken(hash), null, hash);
  }
});

test('errors of the browser become reasons that people can act on', () => {
  const named = (name: string) => Object.assign(new Error('x'), { name });
  assert.equal(passkeyRefusal(named('NotAllowedError')), 'cancelled');
  assert.equal(passkeyRefusal(named('InvalidStateError')), 'known');
  assert.equal(passkeyRefusal(named('SecurityError')), 'address');
  assert.equal(passkeyRefusal(named('NotSupportedError')), 'unsupported');
  assert.equal(passkeyRefusal(named('TypeError')), 'failed');
  assert.equal(passkeyRefusal('no error at all'), 'failed');
});
