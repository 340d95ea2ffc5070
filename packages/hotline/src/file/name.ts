/** Longest name of a file, in bytes of UTF-8: what the usual file systems take. */
export const MAX_NAME_BYTES = 255;

/**
 * What a name must not hold: control characters, line and paragraph separators; marks and overrides of writing
 * direction, with which `gpj.exe` can be shown as `exe.jpg`; characters that are not seen (soft hyphen, zero-width
 * space, word joiner, byte order mark, invisible operators, tags). The joiners U+200C and U+200D stay: Persian, Hindi
 * and emoji need them. Listed here one by one, so that two desks with different Unicode tables agree.
 */
const UNSEEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb\u{e0000}-\u{e007f}]/gu;
/** Path separators, and what Windows forbids or reads as a stream, a pattern or a drive. */
const SEPARATORS = /[/\\:*?"<>|]/g;
/** Names that Windows takes for devices, with any ending. */
const DEVICE = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i;

const utf8 = new TextEncoder();

/**
 * A name that can be shown and that a disk takes, made of any text: unseen characters are left out, separators become
 * `_`, so do a first dot and a lone surrogate; a name that is too long loses the end of its stem and keeps its ending.
 * What comes out passes `isFileName`, and comes out of itself unchanged.
 */
export function fileNameFrom(text: string): string {
  let name = text.toWellFormed().replace(UNSEEN, '').replace(SEPARATORS, '_');
  name = name.trimStart().replace(/^\.+/, '_');
  name = withoutTail(shortened(withoutTail(name)));
  if (DEVICE.test(name)) name = withoutTail(shortened(`_${name}`));
  return name === '' ? 'file' : name;
}

/** Whether a desk may show this name and put it on a disk as it is. */
export function isFileName(name: string): boolean {
  return name !== '' && fileNameFrom(name) === name;
}

/** Windows drops dots and spaces at the end: two names would become one. */
function withoutTail(name: string): string {
  return name.replace(/[\s.]+$/u, '');
}

function shortened(name: string): string {
  if (utf8.encode(name).length <= MAX_NAME_BYTES) return name;
  const dot = name.lastIndexOf('.');
  // An ending is short; the last dot of a sentence is not the beginning of one.
  const ending = dot > 0 && utf8.encode(name.slice(dot)).length <= 16 ? name.slice(dot) : '';
  let stem = '';
  let left = MAX_NAME_BYTES - utf8.encode(ending).length;
  for (const character of name) {
    left -= utf8.encode(character).length;
    if (left < 0) break;
    stem += character;
  }
  return stem + ending;
}
