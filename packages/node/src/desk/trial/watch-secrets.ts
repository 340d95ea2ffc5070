import { SecretBytes } from '@skykey/bits';

/** Secrets go to the trial with every byte changed by this, so that telling of them leaves no trace of them here. */
export const MASK = 0xa5;

/** What the trial is told of a secret that was overwritten, or of one that is not yet; bytes masked, in base64. */
export interface SecretWord {
  readonly kind: 'secret';
  readonly state: 'made' | 'wiped';
  readonly id: number;
  /** The file that made it: `ratchet`, `key-file`, … */
  readonly maker: string;
  /** Only with `made`. */
  readonly masked: string;
}

/** Tells of every secret of this process from now on: when it is made, with its bytes, and when it is overwritten. */
export function watchSecrets(tell: (word: SecretWord) => void): void {
  let last = 0;
  const ids = new WeakMap<SecretBytes, { id: number; maker: string }>();
  const { adopt } = SecretBytes;
  const { wipe } = SecretBytes.prototype;
  SecretBytes.adopt = (bytes: Uint8Array): SecretBytes => {
    const secret = adopt(bytes);
    const about = { id: ++last, maker: makerOf(new Error().stack ?? '') };
    ids.set(secret, about);
    const masked = Buffer.allocUnsafeSlow(bytes.length);
    for (let i = 0; i < bytes.length; i++) masked[i] = bytes[i]! ^ MASK;
    tell({ kind: 'secret', state: 'made', ...about, masked: masked.toString('base64') });
    return secret;
  };
  SecretBytes.prototype.wipe = function (this: SecretBytes): void {
    wipe.call(this);
    const about = ids.get(this);
    if (about) tell({ kind: 'secret', state: 'wiped', ...about, masked: '' });
  };
}

/** The first file on the stack that is neither this nor that of SecretBytes. */
function makerOf(stack: string): string {
  for (const line of stack.split('\n').slice(1)) {
    const file = /([\w-]+)\.[tj]s:\d+/.exec(line)?.[1];
    if (file && !['watch-secrets', 'secret'].includes(file)) return file;
  }
  return 'unknown';
}
