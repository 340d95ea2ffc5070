import type { JournalEntry } from '@skykey/telemetry';
import type { Observed } from '../observed.ts';

export interface Line extends JournalEntry {
  readonly id: string;
  /** Who tells it: `Micius`, `Beijing`. */
  readonly source: string;
}

const LONGEST = 200;

/** The journals of all processes as one, newest first; at most 200 lines. Each line keeps its id from event to event. */
export function merged(observed: Observed): readonly Line[] {
  const lines: Line[] = [];
  for (const node of [...Object.values(observed.satellites), ...Object.values(observed.sites)]) {
    const seen = new Map<string, number>();
    for (const entry of node.journal) {
      const content = `${node.nodeId} ${entry.utcMs} ${entry.text}`;
      const repeat = (seen.get(content) ?? 0) + 1;
      seen.set(content, repeat);
      lines.push({ ...entry, id: `${content} ${repeat}`, source: node.name });
    }
  }
  return lines.toSorted((a, b) => b.utcMs - a.utcMs).slice(0, LONGEST);
}
