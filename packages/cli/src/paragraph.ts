/** Columns that a terminal has at least. */
export const COLUMNS = 80;

/** Words in lines of 80 columns, the first set in by two, further ones by `indent`. */
export function paragraph(words: string, { first = 2, indent = 4 } = {}): string[] {
  const lines: string[] = [];
  for (const word of words.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= COLUMNS) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`${' '.repeat(lines.length === 0 ? first : indent)}${word}`);
  }
  return lines;
}
