/** Which KMEs, and as whom. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Identity } from './certificate.ts';
import { ConformanceError } from './error.ts';
import type { Party } from './exchange.ts';
import type { Parties } from './probe.ts';

export interface SaeFiles extends Identity {
  /** The SAE ID under which the KMEs know this certificate. */
  readonly saeId: string;
}

/** Throws ConformanceError. */
export function readTarget(options: {
  readonly url: string;
  readonly peerUrl: string;
  readonly ca: string;
  readonly saes: readonly SaeFiles[];
}): Parties {
  const [url, peerUrl] = [readUrl('url', options.url), readUrl('peer-url', options.peerUrl)];
  if (!/-----BEGIN CERTIFICATE-----/.test(options.ca)) {
    throw new ConformanceError('conformance/option', 'ca: no certificate in PEM is in it');
  }
  const { saes } = options;
  if (saes.length < 2 || saes.length > 4) {
    throw new ConformanceError(
      'conformance/option',
      `sae: ${saes.length} were given; give the master, the slave, one that has no part, and if you like another slave`,
    );
  }
  const names = saes.map(({ saeId }) => saeId);
  if (new Set(names).size < names.length)
    throw new ConformanceError('conformance/option', 'sae: two have the same name');
  const parties = saes.map(({ saeId, cert, key }, at): Party => {
    try {
      if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) throw new Error('they are no pair');
    } catch (error) {
      throw new ConformanceError(
        'conformance/option',
        `sae ${saeId}: certificate and private key cannot be used (${(error as Error).message}); give both in PEM, the key without passphrase`,
      );
    }
    return { saeId, identity: { cert, key }, url: at === 0 ? url : peerUrl };
  });
  const [master, slave, third = null, fourth = null] = parties;
  return { master: master!, slave: slave!, third, additional: fourth ?? third };
}

function readUrl(name: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol !== 'https:' || url.username || url.search || url.hash) {
    throw new ConformanceError('conformance/option', `${name}: ${text} is not of the form https://host:port`);
  }
  return url;
}
