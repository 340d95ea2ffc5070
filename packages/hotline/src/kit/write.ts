import { writeFiles } from './test/folder.ts';

// node packages/hotline/src/kit/write.ts: writes `vectors/` anew, for tests and other implementations.
await writeFiles();
