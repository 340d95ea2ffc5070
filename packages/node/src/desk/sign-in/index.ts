/** Who may use a desk, and how they come in: passkeys for browsers, a device's key for a terminal. */
export { answerOf, type Device, type DeviceAnswer, deviceOf, makeDevice } from './device.ts';
export { SignInRefusal } from './refusal.ts';
export { type DeskDoor, serveSignIn } from './serve-sign-in.ts';
export { type Link, type PersonEntry, SignIn, type SignInOptions } from './sign-in.ts';
