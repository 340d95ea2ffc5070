/** HTTP as the key interfaces see it: what a transport adapter hands in, and what it writes out. */
export interface HttpRequest {
  /** From the client's certificate or TLS-PSK identity and from nowhere else; null when it names nobody. */
  readonly caller: string | null;
  readonly method: string;
  /** As it stood on the wire: percent-encoded, without query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes hold key: the adapter overwrites them once they are written, and nobody logs them. Text holds none. */
  readonly body?: string | Uint8Array;
}

/** Keys, and what is said about them, must not stay in any cache on the way. */
export const NO_STORE = { 'Cache-Control': 'no-store' } as const;

/** Whether a body may be read as JSON in UTF-8; no Content-Type at all is taken for it. */
export function isJsonType(contentType: string | undefined): boolean {
  return contentType === undefined || /^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i.test(contentType.trim());
}
