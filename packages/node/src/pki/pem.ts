/** PEM files (RFC 7468), read so that what is wrong with one can be said with its line. */
import { readFileSync } from 'node:fs';
import { NodeError } from '../error.ts';

const LARGEST_BYTES = 16 * 1024 * 1024;

const REASONS: Record<string, string> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder, not a file',
  EACCES: 'this user may not read it',
  ENOTDIR: 'a part of the path is a file, not a folder',
};

export interface PemBlock {
  /** `CERTIFICATE`, `PRIVATE KEY`, … */
  readonly label: string;
  readonly pem: string;
  /** Where it begins, from 1. */
  readonly line: number;
}

/** Throws NodeError `node/certificate-file`. */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw new NodeError('node/certificate-file', `${file} cannot be read: ${REASONS[code] ?? message}`);
  }
}

/**
 * The blocks of a file that have one of the labels. Throws NodeError `node/certificate` when a block is cut off, or when
 * there is none, naming what there is.
 */
export function readBlocks(file: string, labels: readonly string[]): PemBlock[] {
  const text = readText(file);
  if (text.length > LARGEST_BYTES) throw refuse(file, 'is larger than 16 MiB');
  const lines = text.split(/\r?\n/);
  const blocks: PemBlock[] = [];
  let begin = -1;
  let open = '';
  for (const [at, line] of lines.entries()) {
    const border = /^-----(BEGIN|END) ([A-Z0-9 ]+)-----\s*$/.exec(line);
    if (!border) continue;
    const [, side, label] = border as unknown as [string, string, string];
    if (side === 'BEGIN') {
      if (begin >= 0) throw refuse(file, `line ${at + 1} begins a block before that of line ${begin + 1} has ended`);
      begin = at;
      open = label;
      continue;
    }
    if (begin < 0 || label !== open) throw refuse(file, `line ${at + 1} ends a block that did not begin`);
    blocks.push({ label, line: begin + 1, pem: `${lines.slice(begin, at + 1).join('\n')}\n` });
    begin = -1;
  }
  if (begin >= 0) throw refuse(file, `the block that begins in line ${begin + 1} does not end: the file is cut off`);
  const wanted = blocks.filter(({ label }) => labels.includes(label));
  if (wanted.length > 0) return wanted;
  const found = [...new Set(blocks.map(({ label }) => label.toLowerCase()))].join(' and a ');
  throw refuse(
    file,
    `holds no ${labels[0]!.toLowerCase()} in PEM; ${found ? `it holds a ${found}` : 'there is no PEM in it'}`,
  );
}

function refuse(file: string, what: string): NodeError {
  const sentence = what.startsWith('holds') || what.startsWith('is ') ? `${file} ${what}` : `${file}: ${what}`;
  return new NodeError('node/certificate', `${sentence}. Put the right file there, or name another one`);
}
