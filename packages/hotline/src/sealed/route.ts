import type { Writer } from '../bytes.ts';
import { HotlineError } from '../error.ts';
import { isUuid, uuidBytes } from '../secret/uuid.ts';

/** Whose words go to whom, in which conversation. Not sent with a text: both desks know it, and the tag covers it. */
export interface Route {
  /** UUID in lower case. */
  readonly conversationId: string;
  /** Desk ids: 1 to 64 printable ASCII characters without space. */
  readonly sender: string;
  readonly receiver: string;
}

/** Throws HotlineError `hotline/bad-argument` for a route that no two desks have. */
export function checkRoute({ conversationId, sender, receiver }: Route): void {
  if (!isUuid(conversationId))
    throw new HotlineError('hotline/bad-argument', 'conversationId must be a UUID in lower case');
  for (const [role, deskId] of Object.entries({ sender, receiver })) {
    if (!/^[!-~]{1,64}$/.test(deskId)) {
      throw new HotlineError(
        'hotline/bad-argument',
        `${role} must be 1 to 64 printable ASCII characters without space, not ${JSON.stringify(deskId)}`,
      );
    }
  }
  if (sender === receiver) {
    throw new HotlineError('hotline/bad-argument', `sender and receiver are both ${sender}: a desk cannot call itself`);
  }
}

/** Conversation id (16) ‖ sender ‖ receiver, each after its length. */
export function writeRoute(writer: Writer, route: Route): Writer {
  return writer.raw(uuidBytes(route.conversationId)).name(route.sender).name(route.receiver);
}
