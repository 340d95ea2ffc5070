import { createHash } from 'node:crypto';
import { NodeError } from '../../error.ts';

/** Where a desk's page is, and what follows from it for passkeys and cookies. */
export class Origin {
  /** As browsers write it: `https://desk.example`, `http://localhost:24461`. */
  readonly text: string;
  /** The relying party's id, to which passkeys are bound: the host's name (Web Authentication, 5.1.3). */
  readonly rpId: string;
  readonly isHttps: boolean;

  /** Throws NodeError `desk/origin` when browsers allow no passkeys there. */
  constructor(text: string) {
    const url = URL.parse(text);
    const refusal = (why: string): NodeError =>
      new NodeError(
        'desk/origin',
        `"${text}" cannot be the address of a desk: ${why}, as in https://desk.example or http://localhost:24461`,
      );
    if (!url || url.origin === 'null' || url.origin !== text.replace(/\/$/, ''))
      throw refusal('give its scheme, name and port, and nothing else');
    if (/^[\d.]+$/.test(url.hostname) || url.hostname.startsWith('['))
      throw refusal('browsers bind passkeys to names, so give a name and no number');
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && url.hostname === 'localhost'))
      throw refusal('browsers allow passkeys over https, and over http on this very machine alone');
    this.text = url.origin;
    this.rpId = url.hostname;
    this.isHttps = url.protocol === 'https:';
  }

  /**
   * A cookie's name that no other desk on this host uses: cookies do not know of ports. Over https the browser itself sees to
   * it that nobody else sets it (RFC 6265bis, 4.1.3.2).
   */
  cookieName(what: 'session' | 'browser'): string {
    const mark = createHash('sha256').update(this.text).digest('hex').slice(0, 8);
    return `${this.isHttps ? '__Host-' : ''}skykey-desk-${what}-${mark}`;
  }

  /** A `Set-Cookie` line; without a value the cookie goes. */
  cookie(what: 'session' | 'browser', value: string | null): string {
    const secure = this.isHttps ? '; Secure' : '';
    const age = value === null ? '; Max-Age=0' : '';
    return `${this.cookieName(what)}=${value ?? ''}; Path=/; HttpOnly; SameSite=Strict${secure}${age}`;
  }
}
