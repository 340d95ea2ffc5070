/** What Skykey decided on requests that ETSI GS QKD 014 leaves open (the table in README.md). */
import { X509Certificate } from 'node:crypto';
import { type Check, decision } from '../check.ts';
import type { Answer, Sent } from '../exchange.ts';
import { resumes } from '../handshake.ts';
import { isObject } from '../json.ts';
import type { Probe } from '../probe.ts';
import { type Finding, fail, inconclusive, pass, unless } from '../verdict.ts';
import { given, refused } from './get-key.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

export const DECIDED_REQUESTS: readonly Check[] = [
  decision(6, 'number', 'number is an integer from 1 to max_key_per_request; anything else is 400.', async (probe) => {
    const beyond = probe.limit('max_key_per_request') + 1;
    const bodies = [0, -1, 1.5, '2', true, beyond].map((number) => ({
      body: { number },
      takes: number === beyond ? beyond : 2,
    }));
    return eachRefused(
      bodies.map(
        ({ body, takes }) =>
          () =>
            probe.enc(body, takes),
      ),
    );
  }),
  decision(7, 'size', 'size below min_key_size or above max_key_size is 400.', (probe) =>
    eachRefused(
      [0, -8, probe.limit('min_key_size') - 8, probe.limit('max_key_size') + 8].map(
        (size) => () => probe.enc({ size }),
      ),
    ),
  ),
  decision(8, 'unknown-sae', 'An SAE in the path that is not in the network is 400.', async (probe) => {
    const stranger = { ...probe.parties.slave, saeId: 'nobody.conformance-suite.invalid' };
    return refused(await probe.status(probe.parties.master, stranger));
  }),
  decision(8, 'pair-not-permitted', 'A pair that is not permitted is 401.', async (probe) => {
    const { status } = await probe.status({ ...probe.third, url: probe.parties.slave.url }, probe.parties.slave);
    if (status === 200)
      return inconclusive(`${probe.third.saeId} may share keys with ${probe.parties.slave.saeId} here`);
    return unless(status === 401 ? null : `the answer is ${status}`, '401');
  }),
  decision(9, 'large-body', 'A body beyond 64 KiB is 400, and the connection is closed.', async (probe) => {
    const body = bytes(`{"number":1${' '.repeat(64 * 1024)}}`);
    const { master, slave } = probe.parties;
    const sent: Sent = { method: 'POST', resource: 'enc_keys', otherSae: slave.saeId, body, outside: true };
    const answer = await probe.call(master, sent, 1);
    const finding = refused(answer);
    if (finding.verdict !== 'pass') return finding;
    return unless(answer.headers.connection === 'close' ? null : 'no Connection: close', '400, close');
  }),
  decision(11, 'order', 'Who may not ask learns nothing: 401 comes before any look at the request.', async (probe) => {
    const sent: Sent = {
      method: 'POST',
      resource: 'enc_keys',
      otherSae: probe.parties.slave.saeId,
      body: '{"number":',
    };
    const allowed = await probe.status(probe.third, probe.parties.slave);
    if (allowed.status === 200)
      return inconclusive(`${probe.third.saeId} may share keys with ${probe.parties.slave.saeId} here`);
    const { status } = await probe.call(probe.third, sent, 1);
    return unless(status === 401 ? null : `a broken request is answered with ${status}`, '401');
  }),
  decision(
    16,
    'unknown-members',
    'Members that the data format does not name are ignored, at every level.',
    async (probe) => {
      const made = await probe.enc({ number: 1, conformance_suite: null });
      const [key] = probe.keys(made);
      if (made.status !== 200 || !key) return given(made);
      const body = {
        key_IDs: [{ key_ID: key.keyId, master_SAE_ID: probe.parties.master.saeId }],
        conformance_suite: [1],
      };
      return given(await probe.decSent({ body }));
    },
  ),
  decision(
    17,
    'strict-json',
    'A known member of the wrong type or null, one that stands twice, __proto__, bytes that are no UTF-8 and text after the document are 400.',
    (probe) => {
      const bodies = [
        bytes('{"number":null}'),
        bytes('{"size":"256"}'),
        bytes('{"additional_slave_SAE_IDs":"x"}'),
        bytes('{"extension_optional":{}}'),
        bytes('{"number":1,"number":1}'),
        bytes('{"__proto__":{},"number":1}'),
        bytes('{"number":1,"x":"\xff"}'),
        bytes('{"number":1} x'),
        bytes('[]'),
      ];
      return eachRefused(bodies.map((body) => () => probe.enc(body)));
    },
  ),
  decision(18, 'post-only-in-get', 'What only a POST may say is 400 in a query.', (probe) =>
    eachRefused(
      ['additional_slave_SAE_IDs', 'extension_mandatory', 'extension_optional'].map(
        (name) => () => probe.encGet(`${name}=x`),
      ),
    ),
  ),
  decision(18, 'other-parameters', 'Other unknown parameters of a query are ignored.', async (probe) =>
    given(await probe.encGet('conformance_suite=1')),
  ),
  decision(19, 'empty-post', 'A POST without a body is taken as {}.', async (probe) => given(await probe.enc(''))),
  decision(20, 'get-with-content-type', 'A GET may name a Content-Type, as common C clients do.', async (probe) =>
    given(await probe.encGet('', 1, { 'Content-Type': 'application/json' })),
  ),
  decision(
    31,
    'sae-id',
    'The SAE ID is the URI of the alternative name of the certificate, or its last part.',
    async (probe) => {
      const { master } = probe.parties;
      const names = new X509Certificate(master.identity.cert).subjectAltName ?? '';
      const uris = [...names.matchAll(/URI:"?([^,"\s]+)/g)].map(([, uri]) => uri!);
      if (uris.length !== 1) return inconclusive(`the certificate of ${master.saeId} has ${uris.length} URIs`);
      const { reading } = await probe.status();
      const saeId = isObject(reading.value) ? reading.value.master_SAE_ID : undefined;
      if (typeof saeId !== 'string') return inconclusive('Get status names no master_SAE_ID');
      return unless(
        uris[0] === saeId || uris[0]!.endsWith(`:${saeId}`) ? null : `${saeId} is not ${uris[0]}`,
        `${uris[0]}`,
      );
    },
  ),
  decision(33, 'resumption', 'A TLS session can be resumed.', async (probe) => {
    const { master, slave } = probe.parties;
    const offer = { url: master.url, identity: master.identity, otherSae: slave.saeId, what: 'twice' };
    const resumed = await resumes(offer, probe.session.line);
    const came = resumed ? 'the second took up the session of the first' : 'the second was a full handshake, or none';
    probe.evidence.push({ sent: `two TLS connections to ${master.url.host}, one after the other`, came });
    if (resumed === null) return inconclusive('no session was offered, or no second connection came about');
    return unless(resumed ? null : 'the second connection was not resumed', 'resumed');
  }),
  decision(34, 'unknown-path', 'A path outside 014 is 404 with an Error.', async (probe) =>
    outside(probe, { method: 'GET', resource: 'nothing_here' }, 404),
  ),
  decision(34, 'other-verb', 'Another verb is 405 with an Error.', async (probe) =>
    // Not counted as a call of the method: a wrong verb is no well-formed one.
    outside(probe, { method: 'DELETE', resource: 'enc_keys' }, 405),
  ),
];

async function outside(
  probe: Probe,
  { method, resource }: { method: string; resource: string },
  due: number,
): Promise<Finding> {
  const { master, slave } = probe.parties;
  const sent: Sent = { method, resource, otherSae: slave.saeId, outside: true };
  const { status, reading } = await probe.call(master, sent, 1);
  if (status !== due) return fail(`the answer is ${status}`);
  const hasMessage = isObject(reading.value) && typeof reading.value.message === 'string';
  return unless(hasMessage ? null : 'no Error with a message', `${status}`);
}

/** The first that is not refused decides. */
export async function eachRefused(calls: readonly (() => Promise<Answer>)[]): Promise<Finding> {
  for (const call of calls) {
    const answer = await call();
    const finding = refused(answer);
    if (finding.verdict !== 'pass') return { ...finding, reason: `${answer.exchange.sent}: ${finding.reason}` };
  }
  return pass(`400 for all ${calls.length}`);
}
