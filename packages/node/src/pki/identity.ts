/**
 * Who somebody is by its certificate: one URI in the subject alternative names, of a scheme that was agreed beforehand.
 * Skykey writes `urn:skykey:<id>`; an id that is a URI itself stands there as it is. The common name counts only where an
 * operator configured that. Ids have at most 64 characters of RFC 3986, section 2, as ETSI GS QKD 020 demands of SAE ids.
 */
import type { X509Certificate } from 'node:crypto';
import { NodeError } from '../error.ts';

/** What stands before an id that is not a URI itself. */
export const URN = 'urn:skykey:';

const WORD = /^[A-Za-z0-9._~-]{1,64}$/;
const URI = /^[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?#[\]@!$&'()*+,;=%-]+$/;

/** Which names in a certificate are ids, besides `urn:skykey:<id>`. */
export interface IdentityRule {
  /** Beginnings (`spiffe://example.org/`) of URIs that are ids as a whole. */
  readonly uris?: readonly string[];
  /** Take the common name when no URI is an id: for authorities that can write nothing else. */
  readonly commonName?: boolean;
}

/** The names in a certificate, as `X509Certificate` and `getPeerCertificate` spell them. */
export interface CertificateNames {
  readonly subjectAltName: string | undefined;
  /** Lines `CN=…`, `O=…`. */
  readonly subject?: string | undefined;
}

/** The id in a certificate; null when there is none, when there are several, or when it is none by the rule above. */
export function identityOf(names: CertificateNames | X509Certificate, rule: IdentityRule = {}): string | null {
  const uris = urisOf(names.subjectAltName);
  if (!uris) return null;
  const ids = uris.flatMap((uri) => {
    if (uri.startsWith(URN)) return [uri.slice(URN.length)];
    return rule.uris?.some((beginning) => uri.startsWith(beginning)) ? [uri] : [];
  });
  if (ids.length === 0 && rule.commonName) {
    const lines = (names.subject ?? '').split('\n').filter((line) => line.startsWith('CN='));
    ids.push(...lines.map((line) => line.slice(3)));
  }
  return ids.length === 1 && isId(ids[0]!) ? ids[0]! : null;
}

const isId = (text: string): boolean => WORD.test(text) || isUri(text);
const isUri = (text: string): boolean => URI.test(text) && text.length <= 64 && !text.startsWith(URN);

/** Node puts a name that could be mistaken for two in quotes and writes its commas as escapes, so `, ' only separates. */
function urisOf(subjectAltName: string | undefined): string[] | null {
  const uris: string[] = [];
  for (const name of (subjectAltName ?? '').split(', ')) {
    if (!name.startsWith('URI:')) continue;
    const value = name.slice(4);
    if (!value.startsWith('"')) uris.push(value);
    else {
      try {
        uris.push(String(JSON.parse(value)));
      } catch {
        return null;
      }
    }
  }
  return uris;
}

/**
 * The URI under which an id stands in a certificate. Throws NodeError `node/identity` for what can be no id.
 */
export function uriOf(id: string): string {
  if (WORD.test(id)) return URN + id;
  if (isUri(id)) return id;
  throw new NodeError(
    'node/identity',
    `"${id.slice(0, 80)}" cannot be the id of an SAE or a KME: give 1 to 64 letters, digits and . _ ~ -, or a URI of at ` +
      `most 64 characters that does not begin with ${URN}`,
  );
}
