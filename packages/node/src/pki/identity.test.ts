import assert from 'node:assert/strict';
import { webcrypto, X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import './signing.ts';
import * as x509 from '@peculiar/x509';
import { identityOf, URN, uriOf } from './identity.ts';

const named = (subjectAltName: string | undefined, subject?: string) => ({ subjectAltName, subject });

describe('the id in a certificate', () => {
  it('is read from the one name that is ours, among others', () => {
    assert.equal(identityOf(named('URI:urn:skykey:kme-beijing, DNS:localhost, IP Address:127.0.0.1')), 'kme-beijing');
    assert.equal(identityOf(named('DNS:localhost, URI:https://example.org, URI:urn:skykey:a.b_c~d-1')), 'a.b_c~d-1');
  });

  it('is none where there is none, or several, or one that is no id', () => {
    for (const names of [
      undefined,
      '',
      'DNS:localhost',
      'DNS:urn:skykey:kme-beijing',
      'URI:urn:skykey:',
      'URI:urn:skykey:one, URI:urn:skykey:two',
      'URI:urn:skykey:one, URI:urn:skykey:one',
      'URI:urn:skykey:with blank',
      'URI:urn:skykey:with/slash',
      'URI:URN:SKYKEY:kme-beijing',
      'URI:"urn:skykey:broken',
      `URI:urn:skykey:${'x'.repeat(65)}`,
    ]) {
      assert.equal(identityOf(named(names, 'CN=kme-beijing')), null, names);
    }
  });

  it('is a whole URI only where its beginning was agreed', () => {
    const name = named('URI:spiffe://example.org/sae/7');
    assert.equal(identityOf(name), null);
    assert.equal(identityOf(name, { uris: ['spiffe://example.org/'] }), 'spiffe://example.org/sae/7');
    assert.equal(identityOf(name, { uris: ['spiffe://example.com/'] }), null);
    const both = named('URI:spiffe://example.org/sae/7, URI:urn:skykey:sae-7');
    assert.equal(identityOf(both), 'sae-7');
    assert.equal(identityOf(both, { uris: ['spiffe://example.org/'] }), null, 'two ids are none');
    // Node quotes what has an apostrophe or a comma in it.
    assert.equal(identityOf(named('URI:"urn:x:o\'neill\\u002c7"'), { uris: ['urn:x:'] }), "urn:x:o'neill,7");
  });

  it('is the common name only where that was configured, and no URI is an id', () => {
    const rule = { commonName: true };
    assert.equal(identityOf(named(undefined, 'O=Example\nCN=sae-a')), null);
    assert.equal(identityOf(named(undefined, 'O=Example\nCN=sae-a'), rule), 'sae-a');
    assert.equal(identityOf(named('URI:urn:skykey:sae-b', 'CN=sae-a'), rule), 'sae-b');
    for (const subject of ['CN=sae-a\nCN=sae-b', 'CN=a b', 'CN=a\\, CN=b', 'CN=a + CN=b', 'O=sae-a']) {
      assert.equal(identityOf(named(undefined, subject), rule), null, subject);
    }
    assert.equal(identityOf(named('URI:urn:skykey:a, URI:urn:skykey:b', 'CN=a'), rule), null);
  });

  it('cannot be smuggled in inside another name, nor inside the common name', async () => {
    const keys = (await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
      'sign',
      'verify',
    ])) as CryptoKeyPair;
    const smuggled = await x509.X509CertificateGenerator.createSelfSigned({
      name: [{ CN: ['mallory\nCN=kme-beijing'] }],
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
      keys,
      extensions: [
        new x509.SubjectAlternativeNameExtension([
          { type: 'url', value: 'urn:other:x, URI:urn:skykey:kme-beijing, y' },
        ]),
      ],
    });
    const certificate = new X509Certificate(smuggled.toString('pem'));
    assert.equal(identityOf(certificate), null);
    assert.equal(identityOf(certificate, { commonName: true, uris: ['urn:other:'] }), null);
  });

  it('comes back as it was written, and is never anything else', () => {
    const word = fc.string({ unit: fc.constantFrom(...'aZ09._~-'), minLength: 1, maxLength: 64 });
    fc.assert(
      fc.property(word, (id) => assert.equal(identityOf(named(`URI:${uriOf(id)}`)), id)),
      { seed: 12 },
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        const id = identityOf(named(`URI:${URN}${text}`));
        assert.ok(id === null || id === text);
      }),
      { seed: 12 },
    );
  });
});
