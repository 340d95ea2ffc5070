/** TLS and HTTP: who is let in, and how a connection is kept. */
import { X509Certificate } from 'node:crypto';
import { makeCertificate } from '../certificate.ts';
import { type Check, shall, should } from '../check.ts';
import type { Party } from '../exchange.ts';
import { knock, type Offer } from '../handshake.ts';
import { isObject } from '../json.ts';
import type { Probe } from '../probe.ts';
import { type Finding, fail, inconclusive, pass, unless } from '../verdict.ts';

/** If this does not pass, nothing else can be asked. */
export const FIRST: Check = shall(
  '5.1',
  'second-hand',
  'tls-1.2',
  'KMEs serve HTTPS with TLS 1.2 or higher, with a certificate that the given authority vouches for.',
  async (probe) => {
    const protocols = new Set<string>();
    for (const { party, other } of ends(probe)) {
      const { outcome, protocol, exchange } = await offer(probe, party, {
        identity: party.identity,
        otherSae: other.saeId,
        what: `as ${party.saeId} with TLS 1.2 or 1.3`,
      });
      if (outcome !== 'answered') return fail(`${party.url.host}: ${exchange.came}`);
      if (protocol !== 'TLSv1.2' && protocol !== 'TLSv1.3') return fail(`${party.url.host} chose ${protocol}`);
      protocols.add(protocol);
    }
    return pass([...protocols].join(', '));
  },
);

export const TRANSPORT: readonly Check[] = [
  shall('5.1', 'second-hand', 'tls-1.1-refused', 'TLS below 1.2 is not spoken.', (probe) =>
    refusedByBoth(probe, (party) => ({
      identity: party.identity,
      what: `as ${party.saeId} with TLS 1.0 and 1.1 alone`,
      versions: ['TLSv1', 'TLSv1.1'],
    })),
  ),
  shall(
    '5.1',
    'placed',
    'no-certificate-refused',
    'Authentication is mutual: a connection without a client certificate is rejected.',
    (probe) => refusedByBoth(probe, () => ({ identity: null, what: 'without a client certificate' })),
  ),
  shall(
    '5.1',
    'placed',
    'foreign-certificate-refused',
    'The certificate of the SAE is verified: one that claims the name of an SAE, and that no authority signed, is rejected.',
    (probe) =>
      refusedByBoth(probe, (party) => ({
        identity: makeCertificate({ commonName: party.saeId, uris: urisOf(party) }, Date.now()),
        what: `with a certificate of our own making for ${party.saeId}`,
      })),
  ),
  should(
    '5.1',
    'placed',
    'kme-id-in-certificate',
    'An SAE takes the KME ID from the certificate: source_KME_ID stands there as common name, alternative name or serial number.',
    async (probe) => {
      for (const { party, other } of ends(probe)) {
        const { reading } = await probe.status(party, other);
        const kmeId = isObject(reading.value) ? reading.value.source_KME_ID : undefined;
        if (typeof kmeId !== 'string') return inconclusive(`Get status of ${party.url.host} names no source_KME_ID`);
        const certificate = probe.session.caller(party).certificate;
        if (!certificate) return inconclusive('the certificate of the KME could not be read');
        if (!namesOf(certificate).has(kmeId))
          return fail(`${kmeId} does not stand in the certificate of ${party.url.host}`);
      }
      return pass('it does');
    },
  ),
  should(
    '5.1',
    'placed',
    'keep-alive',
    'A connection serves one request after the other (RFC 7230, 6.3: servers SHOULD keep it open).',
    async (probe) => {
      await probe.status();
      const second = await probe.status();
      return unless(second.reusedConnection ? null : 'the connection was closed after one answer', 'kept open');
    },
  ),
];

/** Both KMEs, or the one. */
function ends(probe: Probe): { party: Party; other: Party }[] {
  const { master, slave } = probe.parties;
  const here = { party: master, other: slave };
  return probe.session.oneKme ? [here] : [here, { party: slave, other: master }];
}

async function offer(probe: Probe, party: Party, details: Omit<Offer, 'url'>) {
  const answer = await knock({ url: party.url, ...details }, probe.session.line);
  probe.evidence.push(answer.exchange);
  return answer;
}

async function refusedByBoth(
  probe: Probe,
  details: (party: Party) => Omit<Offer, 'url' | 'otherSae'>,
): Promise<Finding> {
  for (const { party, other } of ends(probe)) {
    const { outcome, exchange } = await offer(probe, party, { otherSae: other.saeId, ...details(party) });
    if (outcome === 'answered') return fail(`${party.url.host} let the connection through: ${exchange.came}`);
    if (outcome !== 'refused') return inconclusive(exchange.came);
  }
  return pass('refused');
}

function urisOf({ identity }: Party): string[] {
  const names = new X509Certificate(identity.cert).subjectAltName ?? '';
  return [...names.matchAll(/URI:([^,"\s]+)/g)].map(([, uri]) => uri!);
}

/** A KME ID may stand there as it is, or as the last part of a URI or URN. */
function namesOf(certificate: X509Certificate): Set<string> {
  const alternative = [...(certificate.subjectAltName ?? '').matchAll(/(?:URI|DNS|IP Address):"?([^,"\s]+)/g)];
  const whole = [
    ...certificate.subject.split('\n').map((part) => part.slice(part.indexOf('=') + 1)),
    ...alternative.map(([, name]) => name!),
    certificate.serialNumber,
  ];
  return new Set(whole.flatMap((name) => [name, name.replace(/^.*[:/]/, '')]));
}
