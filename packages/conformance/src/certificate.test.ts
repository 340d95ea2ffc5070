import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { makeCertificate } from './certificate.ts';

const NOW = Date.UTC(2030, 0, 2, 3, 4, 5);

test('an authority vouches for what it signed, and for nothing else', () => {
  const root = { commonName: 'root', ...makeCertificate({ commonName: 'root', authority: true }, NOW) };
  const authority = new X509Certificate(root.cert);
  const subject = { commonName: 'sae-ä', uris: ['urn:skykey:sae'], hosts: ['127.0.0.1', 'kme.example'] };
  const { cert, key } = makeCertificate(subject, NOW, root);
  const certificate = new X509Certificate(cert);
  assert.ok(authority.ca);
  assert.ok(!certificate.ca);
  assert.ok(certificate.verify(authority.publicKey));
  assert.ok(certificate.checkIssued(authority));
  assert.ok(certificate.checkPrivateKey(createPrivateKey(key)));
  assert.equal(certificate.subject, 'CN=sae-ä');
  assert.equal(certificate.subjectAltName, 'URI:urn:skykey:sae, IP Address:127.0.0.1, DNS:kme.example');
  assert.equal(new Date(certificate.validFrom).getTime(), NOW - 3_600_000);
  assert.equal(new Date(certificate.validTo).getTime(), NOW + 86_400_000);

  const stranger = new X509Certificate(makeCertificate(subject, NOW).cert);
  assert.ok(!stranger.verify(authority.publicKey));
  assert.ok(stranger.verify(stranger.publicKey));
  assert.notEqual(stranger.serialNumber, certificate.serialNumber);
});

test('long names need long lengths', () => {
  const uris = Array.from({ length: 20 }, (_, at) => `urn:skykey:a-rather-long-name-${at}`);
  const { cert } = makeCertificate({ commonName: 'x'.repeat(60), uris }, NOW);
  assert.equal(new X509Certificate(cert).subjectAltName?.split(', ').length, 20);
});
