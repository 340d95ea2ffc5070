/**
 * What the detectors saw: a seeded stream of detections over a fading channel, the ground truth beside it, adversaries
 * on the line, and the closed forms that the stream has to agree with. No bit of it is a key.
 */
export * from './emission.ts';
export * from './engine.ts';
export * from './error.ts';
export * from './expected.ts';
export { gateTransmission } from './gate.ts';
export * from './intercept-resend.ts';
export * from './random.ts';
export * from './types.ts';
