/**
 * What the processes of Skykey tell the people who look on: the words between `node` (which speaks) and `console`
 * (which listens), as JSON over server-sent events. Counts, states and identifiers only; never a bit of a key.
 */
export * from './desk.ts';
export * from './network.ts';
export * from './sky.ts';
