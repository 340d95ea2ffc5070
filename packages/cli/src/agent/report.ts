/** What an agent tells: a line for people, or one JSON document a line. Never key. */

export type AgentEvent =
  | { readonly event: 'ready'; readonly tunnel: string; readonly role: 'leader' | 'follower'; readonly at: string }
  | {
      readonly event: 'rotated';
      readonly tunnel: string;
      readonly keyId: string;
      readonly tookMs: number;
    }
  | { readonly event: 'failed'; readonly tunnel: string; readonly reason: string; readonly againInS: number | null }
  | { readonly event: 'closed'; readonly tunnel: string; readonly reason: string }
  | { readonly event: 'warning'; readonly tunnel: string; readonly reason: string };

export type Report = (event: AgentEvent) => void;

/** `now`: for the time in front of it. */
export function reportTo(
  output: { write(text: string): unknown },
  options: { readonly json: boolean; readonly now?: () => Date },
): Report {
  const now = options.now ?? (() => new Date());
  return (event) => {
    const time = now().toISOString();
    output.write(options.json ? `${JSON.stringify({ time, ...event })}\n` : `${time}  ${sentence(event)}\n`);
  };
}

function sentence(event: AgentEvent): string {
  switch (event.event) {
    case 'ready':
      return `${event.tunnel}: this agent is the ${event.role}, ${event.at}`;
    case 'rotated':
      return `${event.tunnel}: new key ${event.keyId} at both ends, ${Math.round(event.tookMs)} ms`;
    case 'failed':
      return `${event.tunnel}: no new key: ${event.reason}${event.againInS === null ? '' : `; again in ${event.againInS} s`}`;
    case 'closed':
      return `${event.tunnel} IS CLOSED: ${event.reason}`;
    case 'warning':
      return `${event.tunnel}: ${event.reason}`;
  }
}
