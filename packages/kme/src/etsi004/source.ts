/**
 * The application that a source or destination URI of ETSI GS QKD 004 names; null: none. The standard asks for a URI and
 * leaves its scheme open; decision: an alias of the configuration, `urn:skykey:<id>`, any other URN as it stands (an id
 * may be one), or the host of `scheme://[part@]<id>[:port][/…][?…]`, as in `qkd://app@<id>`. Ids are compared letter by
 * letter: nothing is decoded or folded.
 */
export function saeOfUri(uri: string, aliases: ReadonlyMap<string, string> = new Map()): string | null {
  const alias = aliases.get(uri);
  if (alias !== undefined) return alias;
  if (uri.startsWith('urn:skykey:')) return /^urn:skykey:([A-Za-z0-9._~-]{1,64})$/.exec(uri)?.[1] ?? null;
  if (uri.startsWith('urn:')) return uri;
  return AUTHORITY.exec(uri)?.[1] ?? null;
}

const AUTHORITY = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([A-Za-z0-9._~-]{1,64})(?::\d{1,5})?(?:[/?#].*)?$/;
