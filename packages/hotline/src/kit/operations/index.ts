import { COMBINER } from './combiner.ts';
import { FILE } from './file.ts';
import { LANES } from './lanes.ts';
import { LINE } from './line.ts';
import { MEDIA } from './media.ts';
import { STREAM } from './stream.ts';
import { TEXT } from './text.ts';

/** What vectors do, by name: each takes the input of a file and gives its output, or throws HotlineError. */
export const OPERATIONS = { ...LANES, ...COMBINER, ...TEXT, ...STREAM, ...LINE, ...FILE, ...MEDIA } as const;

export type Operations = typeof OPERATIONS;
