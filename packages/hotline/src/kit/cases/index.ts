import type { Case } from '../vector.ts';
import { chainCases } from './chain.ts';
import { combinerCases } from './combiner.ts';
import { fileCases } from './file.ts';
import { lineCases } from './line.ts';
import { mediaCases } from './media.ts';
import { padCases } from './pad.ts';
import { recordCases } from './record.ts';
import { signedCases } from './signed.ts';
import { streamCases } from './stream.ts';
import { textCases } from './text.ts';

/** Every case; the same at every call. */
export async function allCases(): Promise<readonly Case[]> {
  return [
    ...recordCases(),
    ...chainCases(),
    ...combinerCases(),
    ...textCases(),
    ...padCases(),
    ...streamCases(),
    ...signedCases(),
    ...lineCases(),
    ...fileCases(),
    ...(await mediaCases()),
  ];
}
