/**
 * The three ways of writing an orbit mean-elements message (CCSDS 502.0-B-3, April 2023): KVN and XML as the standard
 * has them, and JSON as CelesTrak and Space-Track write it, which the standard does not know. This file takes them
 * apart; what the fields must be is in `omm.ts`.
 */
import { XMLParser } from 'fast-xml-parser';
import { OrbitError } from './error.ts';

/** One message, its values as they were written. */
export interface Message {
  /** By keyword; numbers only from JSON. A keyword that is there without a value is left out. */
  readonly values: ReadonlyMap<string, string | number>;
  /** Units that were written beside values. */
  readonly units: ReadonlyMap<string, string>;
  /** Where a keyword stands, or the message: file, line where the notation has lines, and number of the message. */
  readonly place: (keyword?: string) => string;
  readonly notation: 'JSON' | 'XML' | 'KVN';
}

const wrong = (message: string) => new OrbitError('orbit/omm-format', message);

const reason = (error: unknown) => (error instanceof Error ? error.message : String(error)).split('\n')[0];

/**
 * Takes a text apart by its content: JSON begins with a bracket, XML with `<`, KVN with `CCSDS_OMM_VERS`.
 * @param keywords what is read; a keyword of another name is ignored
 * @throws OrbitError `orbit/omm-format` when the text is none of the three or holds no message, `orbit/omm-field` when
 *   a keyword occurs twice in a message
 */
export function messagesOf(text: string, where: string, keywords: ReadonlySet<string>): Message[] {
  const body = text.replace(/^\uFEFF/, '');
  const first = body.trimStart()[0];
  const messages =
    first === '{' || first === '['
      ? fromJson(body, where, keywords)
      : first === '<'
        ? fromXml(body, where, keywords)
        : fromKvn(body, where, keywords);
  if (messages.length === 0) throw wrong(`${where}: there is no orbit mean-elements message in it`);
  return messages;
}

function twice(place: string, keyword: string): OrbitError {
  return new OrbitError('orbit/omm-field', `${place}, ${keyword} is there twice; a message has it once`);
}

/** `file: message 3 (MICIUS)`, without the number where there is one message only. */
function label(where: string, index: number, total: number, name: unknown): string {
  const title = typeof name === 'string' && name !== '' ? ` (${name})` : '';
  return total === 1 ? `${where}${title === '' ? '' : `:${title}`}` : `${where}: message ${index + 1}${title}`;
}

function fromJson(text: string, where: string, keywords: ReadonlySet<string>): Message[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw wrong(`${where}: not JSON (${reason(error)})`);
  }
  const list: readonly unknown[] = Array.isArray(parsed) ? parsed : [parsed];
  return list.map((item, index) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) {
      throw wrong(
        `${label(where, index, list.length, '')}: it must be an object with the keywords of a mean-elements message`,
      );
    }
    const values = new Map<string, string | number>();
    const place = () => label(where, index, list.length, values.get('OBJECT_NAME'));
    for (const [keyword, value] of Object.entries(item)) {
      if (!keywords.has(keyword) || value === null || value === '') continue;
      if (typeof value !== 'string' && typeof value !== 'number') {
        throw new OrbitError('orbit/omm-field', `${place()}, ${keyword} must be a string or a number`);
      }
      values.set(keyword, typeof value === 'string' ? value.trim() : value);
    }
    return { values, units: new Map(), place, notation: 'JSON' };
  });
}

/** A node as fast-xml-parser has it when it keeps the order: one tag with its children, attributes beside it. */
type XmlNode = Record<string, unknown> & { [ATTRIBUTES]?: Record<string, string> };
const ATTRIBUTES = ':@';
const TEXT = '#text';
const POSITION = XMLParser.getMetaDataSymbol() as symbol;

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  removeNSPrefix: true,
  parseTagValue: false,
  parseAttributeValue: false,
  captureMetaData: true,
});

const tagOf = (node: XmlNode): string => Object.keys(node).find((key) => key !== ATTRIBUTES) ?? TEXT;
const childrenOf = (node: XmlNode): XmlNode[] => node[tagOf(node)] as XmlNode[];

function offsetOf(node: XmlNode): number {
  const { startIndex } = (node as Record<symbol, { startIndex?: number } | undefined>)[POSITION] ?? {};
  return startIndex ?? 0;
}

/** Messages of the other kinds that a navigation data message (CCSDS 505.0-B) may hold beside this one. */
const OTHER_MESSAGES = /^(acm|aem|apm|cdm|ocm|oem|opm|rdm|tdm)$/;

function fromXml(text: string, where: string, keywords: ReadonlySet<string>): Message[] {
  // No message needs a document type; its entities are how an XML file of a kilobyte becomes a gigabyte.
  if (/<!DOCTYPE/i.test(text)) throw wrong(`${where}: a document type declaration; a mean-elements message has none`);
  let nodes: XmlNode[];
  try {
    nodes = parser.parse(text, true) as XmlNode[];
  } catch (error) {
    throw wrong(`${where}: not XML (${reason(error)})`);
  }
  const lineAt = (offset: number) => text.slice(0, offset).split('\n').length;
  const roots = nodes.filter((node) => tagOf(node) !== '?xml' && tagOf(node) !== TEXT);
  const list = roots.flatMap((root) => (tagOf(root) === 'ndm' ? childrenOf(root) : [root]));
  for (const node of list) {
    const tag = tagOf(node);
    if (OTHER_MESSAGES.test(tag) || (tag !== 'omm' && roots.includes(node))) {
      throw wrong(`${where}: line ${lineAt(offsetOf(node))} begins <${tag}>; only <omm>, alone or in <ndm>, is read`);
    }
  }
  const messages = list.filter((node) => tagOf(node) === 'omm');
  return messages.map((message, index) => {
    const values = new Map<string, string>();
    const units = new Map<string, string>();
    const offsets = new Map<string, number>();
    const place = (keyword?: string) => {
      const offset = offsets.get(keyword ?? '') ?? offsetOf(message);
      const line = `${where}: line ${lineAt(offset)}`;
      return messages.length === 1 ? line : label(line, index, messages.length, values.get('OBJECT_NAME'));
    };
    const collect = (children: readonly XmlNode[]): void => {
      for (const node of children) {
        const tag = tagOf(node);
        if (tag === TEXT) continue;
        const inner = childrenOf(node);
        if (!keywords.has(tag)) {
          collect(inner);
          continue;
        }
        if (offsets.has(tag)) throw twice(place(tag), tag);
        offsets.set(tag, offsetOf(node));
        const value = inner.map((part) => String(part[TEXT] ?? '')).join('');
        if (value.trim() !== '') values.set(tag, value.trim());
        const unit = node[ATTRIBUTES]?.units;
        if (unit !== undefined) units.set(tag, unit);
      }
    };
    collect(childrenOf(message));
    return { values, units, place, notation: 'XML' };
  });
}

function fromKvn(text: string, where: string, keywords: ReadonlySet<string>): Message[] {
  interface Open extends Message {
    readonly values: Map<string, string>;
    readonly units: Map<string, string>;
    readonly lines: Map<string, number>;
  }
  const messages: Open[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const here = `${where}: line ${index + 1}`;
    if (line.trim() === '' || /^\s*COMMENT\b/.test(line)) continue;
    const [, keyword, written] = /^\s*([A-Z][A-Z0-9_]*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (keyword === undefined || written === undefined) {
      if (messages.length > 0) throw wrong(`${here} is "${line.trim().slice(0, 60)}"; it must be KEYWORD = value`);
    } else if (keyword === 'CCSDS_OMM_VERS') {
      const lines = new Map<string, number>();
      const place = (of?: string) => `${where}: line ${lines.get(of ?? '') ?? index + 1}`;
      messages.push({ values: new Map(), units: new Map(), lines, place, notation: 'KVN' });
    } else if (/^CCSDS_\w+_VERS$/.test(keyword)) {
      throw wrong(`${here} begins a message of another kind, ${keyword}; only CCSDS_OMM_VERS is read`);
    }
    const message = messages.at(-1);
    if (message === undefined) {
      throw wrong(
        `${here} begins no orbit mean-elements message: neither JSON ("{" or "["), nor XML ("<"), nor KVN ` +
          '("CCSDS_OMM_VERS = …"); two-line element sets are another format',
      );
    }
    if (keyword === undefined || written === undefined || !keywords.has(keyword)) continue;
    if (message.lines.has(keyword)) throw twice(here, keyword);
    message.lines.set(keyword, index + 1);
    // A name may hold brackets; behind a number they hold its unit.
    const [, value, unit] = /^([^[\]]*?)\s*\[([^[\]]*)\]$/.exec(written) ?? [];
    if (value !== undefined && unit !== undefined && /^[-+.\d]/.test(value) && keyword !== 'OBJECT_NAME') {
      message.values.set(keyword, value);
      message.units.set(keyword, unit);
    } else if (written !== '') {
      message.values.set(keyword, written);
    }
  }
  return messages;
}
