/**
 * Server-sent events with one promise: it tries again for ever. `EventSource` does so itself unless the server answers
 * with an error status; then it gives up, and this opens another.
 */
export interface FeedOptions {
  readonly url: string;
  /** Names of the events wanted. */
  readonly events: readonly string[];
  readonly onEvent: (name: string, data: unknown) => void;
  readonly onConnection: (connection: 'live' | 'lost') => void;
  /**
   * Where the server tells something at least so often, ms: a connection that stands and says nothing for longer (a process
   * that hangs, a machine that slept) is lost too, and made anew.
   */
  readonly silenceMs?: number;
}

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 10_000;

/** Opens the feed; returns the way to close it. */
export function openFeed({ url, events, onEvent, onConnection, silenceMs }: FeedOptions): () => void {
  let source: EventSource | null = null;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let retryMs = FIRST_RETRY_MS;
  let silence: ReturnType<typeof setTimeout> | undefined;

  const listen = (opened: EventSource) => {
    if (silenceMs === undefined) return;
    clearTimeout(silence);
    silence = setTimeout(() => {
      opened.close();
      onConnection('lost');
      open();
    }, silenceMs);
  };

  const open = () => {
    const opened = new EventSource(url);
    source = opened;
    listen(opened);
    opened.onopen = () => {
      retryMs = FIRST_RETRY_MS;
      listen(opened);
      onConnection('live');
    };
    opened.onerror = () => {
      onConnection('lost');
      if (opened.readyState !== EventSource.CLOSED) return;
      clearTimeout(silence);
      retry = setTimeout(open, retryMs);
      retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
    };
    for (const name of events) {
      opened.addEventListener(name, (event: MessageEvent<string>) => {
        listen(opened);
        const data = parse(event.data);
        if (data !== undefined) onEvent(name, data);
      });
    }
  };

  open();
  return () => {
    clearTimeout(retry);
    clearTimeout(silence);
    source?.close();
  };
}

/** A line that is no JSON is left out: the next event carries the whole state again. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
