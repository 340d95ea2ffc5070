/**
 * A page of charts as one SVG, without a browser: title, panels that share their axis of time, a key beside each, and a
 * caption. Dark on light; the letters are sized for 800 pixels.
 */
import { type PlotOptions, plot } from '@observablehq/plot';
import { parseHTML } from 'linkedom';

export const WIDTH = 800;
/** What is left of it for panels; the key stands beside them. */
const PANEL_WIDTH = 612;
/** Where every panel begins and ends to draw, so that they can be read one under the other. */
const MARGIN_LEFT = 70;
const MARGIN_RIGHT = 34;

export const INK = '#101828';
const MUTED = '#475573';
export const GRID = '#dbe2ee';
const FONT = "'DejaVu Sans', Verdana, sans-serif";
/** Of DejaVu Sans on average, in units of its size; nothing here can measure letters. */
const LETTER = 0.56;

export interface Key {
  readonly name: string;
  /** Behind the name, in grey: a figure of it. */
  readonly remark?: string;
  readonly colour: string;
  readonly mark: 'area' | 'line' | 'dashes' | 'dot';
}

export interface Panel {
  readonly heading: string;
  readonly height: number;
  readonly options: PlotOptions;
  readonly keys: readonly Key[];
}

export interface Sheet {
  readonly title: string;
  readonly subtitle: string;
  readonly panels: readonly Panel[];
  readonly caption: string;
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** Control characters that XML has no way to write. */
const printable = (text: string): string => text.replace(/\p{Cc}/gu, ' ');

function text(x: number, y: number, words: string, style: string): string {
  return `<text x="${x}" y="${y}" ${style}>${escaped(printable(words))}</text>`;
}

/** Lines of at most so many pixels; a space that does not break stays one. */
function wrapped(words: string, size: number, width: number): string[] {
  const most = Math.floor(width / (size * LETTER));
  const lines: string[] = [];
  for (const word of words.split(/ +/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function mark({ mark: kind, colour }: Key, x: number, y: number): string {
  if (kind === 'area') return `<rect x="${x}" y="${y - 10}" width="14" height="11" fill="${colour}"/>`;
  if (kind === 'dot') return `<circle cx="${x + 7}" cy="${y - 4}" r="4" fill="${colour}"/>`;
  const dashes = kind === 'dashes' ? ' stroke-dasharray="4 3"' : '';
  return `<line x1="${x}" x2="${x + 14}" y1="${y - 4}" y2="${y - 4}" stroke="${colour}" stroke-width="2.5"${dashes}/>`;
}

const KEY_ROW = 31;

/** Name over figure, one under the other. */
function keysOf(keys: readonly Key[], y: number): string {
  const x = PANEL_WIDTH - 10;
  return keys
    .map((key, i) => {
      const top = y + i * KEY_ROW;
      const remark =
        key.remark === undefined ? '' : text(x + 20, top + 14, key.remark, `font-size="11" fill="${MUTED}"`);
      return mark(key, x, top) + text(x + 20, top, key.name, 'font-size="12"') + remark;
    })
    .join('');
}

/** Plot draws into the document that it is given; what it adds for browsers alone is taken out again. */
function drawn({ options, height }: Panel, y: number): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const figure = plot({
    document: document as unknown as Document,
    width: PANEL_WIDTH,
    height,
    marginLeft: MARGIN_LEFT,
    marginRight: MARGIN_RIGHT,
    marginTop: 8,
    ...options,
  });
  for (const style of figure.querySelectorAll('style')) style.remove();
  figure.removeAttribute('class');
  figure.setAttribute('y', String(y));
  figure.setAttribute('font-family', FONT);
  figure.setAttribute('font-size', '12');
  return figure.outerHTML;
}

export function sheetOf({ title, subtitle, panels, caption }: Sheet): string {
  const parts: string[] = [];
  let y = 0;
  for (const line of wrapped(title, 18, WIDTH - 40)) {
    y += 26;
    parts.push(text(20, y, line, 'font-size="18" font-weight="bold"'));
  }
  for (const line of wrapped(subtitle, 12.5, WIDTH - 40)) {
    y += 20;
    parts.push(text(20, y, line, `font-size="12.5" fill="${MUTED}"`));
  }
  y += 14;
  for (const panel of panels) {
    y += 18;
    parts.push(text(20, y, panel.heading, 'font-size="12.5" font-weight="bold"'), drawn(panel, y + 4));
    parts.push(keysOf(panel.keys, y + 24));
    y += 4 + Math.max(panel.height, panel.keys.length * KEY_ROW + 12);
  }
  y += 8;
  for (const line of wrapped(caption, 11.5, WIDTH - 40)) {
    y += 16;
    parts.push(text(20, y, line, `font-size="11.5" fill="${MUTED}"`));
  }
  const height = y + 18;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" `,
    `font-family="${FONT}" fill="${INK}" color="${INK}" role="img" aria-label="${escaped(printable(title))}">`,
    `<title>${escaped(printable(title))}</title><desc>${escaped(printable(`${subtitle}. ${caption}`))}</desc>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    ...parts,
    '</svg>\n',
  ].join('');
}
