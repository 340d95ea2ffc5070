/** What goes wrong with a desk's disk, as sentences that say what to do. None holds a word that was kept. */
import { NodeError } from '../../error.ts';

/** Primary result codes of SQLite that mean something different to people (sqlite.org/rescode.html). */
const SQLITE_BUSY = 5;
const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;
const SQLITE_NOTADB = 26;

const KEPT = 'Everything that was kept before is still there';

/** Codes after which nothing that was asked for behind the failure may be done either. */
export const isDiskFailure = (error: unknown): boolean =>
  error instanceof NodeError && /^desk\/(disk|disk-full|disk-fault|damaged|closed)$/.test(error.code);

/** An error of SQLite or of the file system as one of ours; NodeErrors pass. `what` names the thing, as in "the desk's store /data/desk.db". */
export function explained(error: unknown, what: string): NodeError {
  if (error instanceof NodeError) return error;
  const { errcode, code, message } = error as { errcode?: number; code?: string; message: string };
  switch (errcode === undefined ? code : errcode & 0xff) {
    case SQLITE_FULL:
    case 'ENOSPC':
    case 'EDQUOT':
      return new NodeError('desk/disk-full', `no room for ${what}: free some space on its disk. ${KEPT}`, {
        cause: error,
      });
    case SQLITE_IOERR:
    case 'EIO':
    case 'EROFS':
      return new NodeError(
        'desk/disk-fault',
        `the disk of ${what} does not answer as it should (${message}): look at the disk, then start the desk again. ${KEPT}, as far as the disk still gives it`,
        { cause: error },
      );
    case SQLITE_BUSY:
      return new NodeError(
        'desk/busy',
        `${what} is open in another process: end that one first, or give this desk another folder`,
        { cause: error },
      );
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return damaged(what, message, error);
    case SQLITE_CANTOPEN:
    case 'ENOENT':
    case 'EACCES':
    case 'EPERM':
    case 'ENOTDIR':
      return new NodeError(
        'desk/disk',
        `${what} cannot be opened: ${message}. Choose a folder that this user may write to`,
        {
          cause: error,
        },
      );
    default:
      return new NodeError('desk/disk', `${what} cannot be used: ${message}`, { cause: error });
  }
}

export const damaged = (what: string, how: string, cause?: unknown): NodeError =>
  new NodeError(
    'desk/damaged',
    `${what} is damaged: ${how}. Nothing in it was changed. Put back the newest copy of the whole folder; without one, ` +
      'move the folder away and start empty: the line comes up again, history and persons do not',
    { cause },
  );
