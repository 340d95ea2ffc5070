/** What a desk keeps, sealed at rest: records of its conversation, history, files. */
export { type Changes, DeskStore, type DeskStoreOptions, type KeptState } from './desk-store.ts';
export { CHUNK_BYTES, type FileContent } from './file-content.ts';
export type { Files, KeptFile } from './files.ts';
export type { History, HistoryPage, SearchOptions } from './history.ts';
