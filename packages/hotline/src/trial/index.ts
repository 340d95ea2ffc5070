/** Two desks in virtual time, for trials of the shipped session while everything fails: `@skykey/hotline/trial`. */
export * from './states/index.ts';
export * from './storm/index.ts';
export * from './world.ts';
