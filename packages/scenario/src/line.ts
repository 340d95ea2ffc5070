/** Where in its file a field stands, for messages that people act on. */
import { findNodeAtLocation, type Node, parseTree } from 'jsonc-parser';

/** A field as messages write it: `stations.xinglong.altitudeM`, `satellites[0].id`. */
const STEP = /[^.[\]]+/g;

/** One step down: a member by name, an entry by its number or by its id. */
function child(node: Node, step: string): Node | undefined {
  if (node.type === 'object') return findNodeAtLocation(node, [step]);
  if (node.type !== 'array') return undefined;
  const entries = node.children ?? [];
  const named = entries.find((entry) => findNodeAtLocation(entry, ['id'])?.value === step);
  return named ?? (/^\d+$/.test(step) ? entries[Number(step)] : undefined);
}

/**
 * Line, from 1 on, of a field in the JSON text of a scenario: of the field itself, or of what it should stand in where it
 * is missing. Null where not even the first step is there.
 */
export function lineOf(text: string, field: string): number | null {
  let node = parseTree(text);
  let deepest: Node | null = null;
  for (const step of field.match(STEP) ?? []) {
    const next = node && child(node, step);
    if (!next) break;
    node = next;
    deepest = next;
  }
  return deepest && text.slice(0, deepest.offset).split('\n').length;
}

/**
 * The same error, its message with the line after the file wherever it begins with file and field; of a file that is all
 * in one line there is nothing to say.
 */
export function withLine(error: unknown, text: string, where: string): unknown {
  const start = `${where}: `;
  if (!(error instanceof Error && error.message.startsWith(start) && text.trimEnd().includes('\n'))) return error;
  const rest = error.message.slice(start.length);
  const line = lineOf(text, /^[^\s:,;]+/.exec(rest)?.[0] ?? '');
  if (line !== null) error.message = `${start}line ${line}: ${rest}`;
  return error;
}
