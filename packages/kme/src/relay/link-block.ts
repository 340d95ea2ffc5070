import type { SecretBytes } from '@skykey/bits';
import type { BlockLabels, VaultTransaction } from '@skykey/vault';
import { KmeError } from '../error.ts';

const LINK_PREFIX = 'link:';
/** Less than this leaves hardly any pads. */
const MINIMUM_BYTES = 1024;

export const isLinkBlock = (blockId: string): boolean => blockId.startsWith(LINK_PREFIX);

/** Name of the block that a session of a quantum link between two sites has made, alike at both. */
export const linkBlockId = (link: string, session: string): string => `${LINK_PREFIX}${link}:${session}`;

/**
 * A session of a quantum link between two sites has ended: both hold its block, until they have agreed about its place
 * among the key of other ways (`confirm.ts`, on the next flush). A link of a satellite needs no such agreement: the
 * satellite leads all of its key, and nothing else goes into those lanes. What was held before is passed over.
 * Throws KmeError `kme/argument`; VaultError `vault/poisoned` when the link was dropped meanwhile.
 */
export async function holdLinkBlock(
  tx: VaultTransaction,
  block: {
    readonly link: string;
    readonly session: string;
    /** One route, of the two sites alone. */
    readonly labels: BlockLabels;
    readonly bytes: SecretBytes;
  },
): Promise<void> {
  const { link, session, labels, bytes } = block;
  const [route, ...more] = labels.routes;
  if (more.length > 0 || route?.length !== 2 || route[0] === route[1]) {
    throw new KmeError('kme/argument', `the block of ${link} must be labelled with one route, of its two ends`);
  }
  if (bytes.length < MINIMUM_BYTES) {
    throw new KmeError('kme/argument', `the block of ${link} has ${bytes.length} bytes; ${MINIMUM_BYTES} are needed`);
  }
  const blockId = linkBlockId(link, session);
  if (!(await tx.block(blockId))) await tx.hold({ blockId, labels, bytes });
}
