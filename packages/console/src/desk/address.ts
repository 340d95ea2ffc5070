/** Where a desk lives: `/desk/<site>`, and everything it talks to below that. */
export interface DeskAddress {
  readonly siteId: string;
  /** `/desk/beijing`, without a slash at the end. */
  readonly base: string;
}

/** Reads a page's path; null when it is no desk's. */
export function deskAddress(pathname: string): DeskAddress | null {
  const match = /^\/desk\/([a-z][a-z0-9-]{0,31})\/?$/.exec(pathname);
  const siteId = match?.[1];
  return siteId === undefined ? null : { siteId, base: `/desk/${siteId}` };
}
