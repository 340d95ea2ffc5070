/** The line to the other party, over a socket or through a folder, made again as often as it breaks. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CliError } from '../../error.ts';
import type { Carrier } from './carrier.ts';
import { FolderCarrier, sweepFolder, watchFolder } from './folder-carrier.ts';
import { greet, type Identity, Refused } from './greeting.ts';
import { ResumingLine } from './resuming-line.ts';
import { type Address, dial, listen } from './socket-carrier.ts';

/** Where the other party is met. */
export type Meeting =
  | { readonly kind: 'listen'; readonly at: Address }
  | { readonly kind: 'connect'; readonly to: Address }
  /** Of this session alone. */
  | { readonly kind: 'folder'; readonly folder: string };

export interface LineOptions {
  readonly self: Identity;
  readonly meeting: Meeting;
  readonly patienceMs: number;
  /** Port that is listened on. */
  readonly onListening?: (port: number) => void;
  /** Somebody knocked and is not who is expected, in a sentence. */
  readonly onStranger?: (sentence: string) => void;
}

export interface OpenLine {
  readonly line: ResumingLine;
  /**
   * Why there never was a connection, where somebody has to mend it: the two do not belong together (`cli/peer`), or this
   * side's key or journal failed while they greeted.
   */
  fault(): CliError | undefined;
  /** Waits at most so long for the other side to take what was said, then ends everything. */
  close(lingerMs: number): Promise<void>;
}

const FIRST_WAIT_MS = 10;
const LONGEST_WAIT_MS = 2000;
/** Who has not proved himself shares so many places; the oldest makes room. */
const MOST_STRANGERS = 16;

/** Throws CliError `cli/peer` when the place to meet cannot be taken. The other party may come later. */
export async function openLine(options: LineOptions): Promise<OpenLine> {
  const { meeting, self, patienceMs } = options;
  const line = new ResumingLine(patienceMs);
  let fault: CliError | undefined;
  /** The next connection would fail alike. One that stands is not ended by who knocks beside it. */
  const failed = (error: CliError): void => {
    line.trouble = error.message;
    if (line.connections > 0) return;
    fault = error;
    line.end(error.message);
  };
  const strangers = new Set<Carrier>();
  const welcome = async (carrier: Carrier): Promise<void> => {
    strangers.add(carrier);
    if (strangers.size > MOST_STRANGERS) strangers.values().next().value!.close();
    try {
      line.attach(carrier, await greet(carrier, self, line.received, false));
    } catch (error) {
      if (error instanceof CliError) failed(error);
      if (!(error instanceof Refused)) return;
      const sentence = error.told
        ? `whoever knocked says that this side ${error.message}`
        : `whoever knocked ${error.message}`;
      if (!line.over) fault = new CliError('cli/peer', sentence, { cause: error });
      line.trouble = sentence;
      options.onStranger?.(sentence);
    } finally {
      strangers.delete(carrier);
    }
  };
  const seek = async (where: string, reach: () => Promise<Carrier>): Promise<void> => {
    for (let waitMs = FIRST_WAIT_MS; !line.done; waitMs = Math.min(LONGEST_WAIT_MS, 2 * waitMs)) {
      const before = line.moves;
      try {
        const carrier = await reach();
        if (line.attach(carrier, await greet(carrier, self, line.received, true))) await line.detached();
      } catch (error) {
        line.trouble = (error as Error).message;
        if (error instanceof CliError) failed(error);
        if (error instanceof Refused) {
          const sentence = error.told
            ? `whoever answers ${where} says that this side ${error.message}`
            : `whoever answers ${where} ${error.message}`;
          fault = new CliError('cli/peer', sentence, { cause: error });
          line.giveUp(sentence);
        }
      }
      if (line.moves > before) waitMs = FIRST_WAIT_MS / 2;
      if (!line.done) await sleep(waitMs, undefined, { ref: false });
    }
  };
  let stop = (): void => undefined;
  try {
    if (meeting.kind === 'listen') {
      const server = await listen(meeting.at, (carrier) => void welcome(carrier));
      options.onListening?.(server.port);
      stop = server.close;
    } else if (meeting.kind === 'connect') {
      const { host, port } = meeting.to;
      void seek(`at ${host}:${port}`, () => dial(meeting.to));
    } else {
      sweepFolder(meeting.folder, self.role);
      if (self.role === 'alice') stop = watchFolder(meeting.folder, (carrier) => void welcome(carrier)).close;
      else void seek('in the folder', async () => new FolderCarrier(meeting.folder, 'bob'));
    }
  } catch (error) {
    line.end('there was no place to meet');
    throw error;
  }
  return {
    line,
    fault: () => (line.connections === 0 ? fault : undefined),
    async close(lingerMs) {
      await line.close(lingerMs);
      for (const carrier of strangers) carrier.close();
      stop();
    },
  };
}
