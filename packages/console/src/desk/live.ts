import type { DeskCall, DeskFile, DeskMessage, DeskState } from '@skykey/telemetry';
import { openFeed } from '../feed.ts';
import type { Store } from '../store.ts';
import type { Api } from './api.ts';
import { PAGE } from './conversation/thread.ts';
import { type DeskEvent, type DeskView, observe } from './view.ts';

const OWN_EVENTS = ['desk', 'message', 'file', 'call'];

/** The desk tells its state every five seconds; so long without a word, and nobody may take what stands here for what is so. */
const SILENCE_MS = 15_000;

/** Events of the desk's stream that a part made elsewhere wants as they come: one page holds one stream. */
export interface Listener {
  readonly names: readonly string[];
  readonly deliver: (name: string, data: unknown) => void;
}

/**
 * Keeps a view of the desk up to date until it is closed. Each time the connection stands anew the whole state is asked
 * for, since changes told meanwhile were not heard; and each time it is lost, to hear whether the session still holds.
 */
export function follow(store: Store<DeskView>, api: Api, listener?: Listener): () => void {
  const hear = (event: DeskEvent) => store.update((before) => observe(before, event));
  const catchUp = async () => {
    const answer = await api.get('/api/state');
    // Refused for good, not for now: who may not read here is to hear why.
    if (!answer.ok && answer.status === 403) hear({ kind: 'refused', reason: answer.error });
    if (!answer.ok) return;
    const desk = answer.body as DeskState;
    // The stream may have told a newer one while this was asked for.
    if (desk.utcMs >= (store.latest.desk?.utcMs ?? 0)) hear({ kind: 'desk', desk });
  };
  return openFeed({
    url: '/api/events',
    silenceMs: SILENCE_MS,
    // A set: a name in both lists would be heard twice.
    events: [...new Set([...OWN_EVENTS, ...(listener?.names ?? [])])],
    onConnection(connection) {
      hear({ kind: 'connection', connection });
      void catchUp();
    },
    onEvent(name, data) {
      if (name === 'desk') hear({ kind: 'desk', desk: data as DeskState });
      else if (name === 'message') hear({ kind: 'message', message: data as DeskMessage });
      else if (name === 'file') hear({ kind: 'file', file: data as DeskFile });
      else if (name === 'call') hear({ kind: 'call', call: data as DeskCall });
      if (listener?.names.includes(name)) listener.deliver(name, data);
    },
  });
}

/** Asked for at once on the way to a message far back. */
const LEAP = 200;

/** Asks for the page before the oldest message held here. Null when it came, else the refusal. */
export async function fetchEarlier(store: Store<DeskView>, api: Api, limit: number = PAGE): Promise<string | null> {
  const beforeId = store.latest.thread.messages[0]?.id;
  if (beforeId === undefined) return null;
  const answer = await api.get(`/api/messages?before=${encodeURIComponent(beforeId)}&limit=${limit}`);
  if (!answer.ok) return answer.error;
  store.update((before) => observe(before, { kind: 'earlier', beforeId, messages: messagesOf(answer.body) }));
  return null;
}

/** Asks for pages until the message is among them. False when it is not kept any more, or nothing answers. */
export async function fetchUntil(store: Store<DeskView>, api: Api, id: string): Promise<boolean> {
  const held = () => store.latest.thread.messages.some((message) => message.id === id);
  while (!held() && store.latest.thread.earlier) {
    const oldest = store.latest.thread.messages[0];
    if ((await fetchEarlier(store, api, LEAP)) !== null) return false;
    if (store.latest.thread.messages[0] === oldest && store.latest.thread.earlier) return false;
  }
  return held();
}

/** Messages in an answer, oldest first. */
export function messagesOf(body: unknown): readonly DeskMessage[] {
  if (typeof body !== 'object' || body === null || !('messages' in body)) return [];
  return Array.isArray(body.messages) ? (body.messages as DeskMessage[]) : [];
}
