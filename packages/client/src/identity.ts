/** Which KME or SAE a certificate is for. ETSI GS QKD 014 leaves the place open: makers use a URI, or the common name. */

/** Prefix of ids in the subject alternative names of Skykey's certificates. */
const URN = 'urn:skykey:';

/** The two fields of Node's `PeerCertificate` that name somebody. */
export interface CertificateNames {
  readonly subjectaltname?: string | undefined;
  readonly subject?: { readonly CN?: string | string[] | undefined } | undefined;
}

/**
 * Ids that a certificate stands for: every URI of its subject alternative names (also without `urn:skykey:`), and only
 * where there is none its common name.
 */
export function idsOfCertificate(certificate: CertificateNames): string[] {
  const uris = urisOf(certificate.subjectaltname ?? '');
  if (uris.length > 0) {
    return uris.flatMap((uri) => (uri.startsWith(URN) ? [uri, uri.slice(URN.length)] : [uri]));
  }
  const name = certificate.subject?.CN;
  return typeof name === 'string' ? [name] : [];
}

/** Node writes names that could be mistaken for several as JSON texts (`URI:"a, DNS:b"`), and the others as they are. */
function urisOf(names: string): string[] {
  const uris: string[] = [];
  for (const [, kind, quoted, plain] of names.matchAll(/(?:^|, )([A-Za-z ]+):(?:("(?:[^"\\]|\\.)*")|([^",]*))/g)) {
    if (kind === 'URI') uris.push(quoted === undefined ? plain! : (JSON.parse(quoted) as string));
  }
  return uris;
}
