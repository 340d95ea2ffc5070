import { callWords } from './words.ts';

/** Microphone, camera and loudspeaker a person has chosen at this browser; null is the system's choice. */
export interface DeviceChoice {
  readonly microphone: string | null;
  readonly camera: string | null;
  readonly loudspeaker: string | null;
  /** `large`: 1280 × 720. `small`: 640 × 360, for a thin line or a slow machine. */
  readonly picture: 'large' | 'small';
}

export const SYSTEM_DEVICES: DeviceChoice = { microphone: null, camera: null, loudspeaker: null, picture: 'large' };

const KEY = 'skykey-devices';

/** The remembered choice; the system's where nothing is remembered or storage is closed. */
export function rememberedDevices(): DeviceChoice {
  try {
    return readChoice(JSON.parse(localStorage.getItem(KEY) ?? '{}'));
  } catch {
    return SYSTEM_DEVICES;
  }
}

export function rememberDevices(choice: DeviceChoice): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(choice));
  } catch {
    // A browser that stores nothing still uses the choice until it is closed.
  }
}

/** What was stored, or the system's choice for whatever of it makes no sense. */
export function readChoice(stored: unknown): DeviceChoice {
  const given = (typeof stored === 'object' && stored !== null ? stored : {}) as Record<string, unknown>;
  const id = (value: unknown) => (typeof value === 'string' && value !== '' ? value : null);
  return {
    microphone: id(given.microphone),
    camera: id(given.camera),
    loudspeaker: id(given.loudspeaker),
    picture: given.picture === 'small' ? 'small' : 'large',
  };
}

/** What to ask of a microphone. */
export function voiceConstraints({ microphone }: DeviceChoice): MediaTrackConstraints {
  return {
    ...(microphone === null ? {} : { deviceId: { exact: microphone } }),
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
    channelCount: 1,
  };
}

/** What to ask of a camera. */
export function pictureConstraints({ camera, picture }: DeviceChoice): MediaTrackConstraints {
  const [width, height, frameRate] = picture === 'large' ? [1280, 720, 30] : [640, 360, 15];
  return {
    ...(camera === null ? {} : { deviceId: { exact: camera } }),
    width: { ideal: width },
    height: { ideal: height },
    frameRate: { ideal: frameRate, max: frameRate },
  };
}

/** A device that could not be opened, with a sentence that says what to do. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError';
}

/** Opens the microphone. A remembered one that is gone gives way to the system's. Throws a DeviceError. */
export async function openMicrophone(choice: DeviceChoice): Promise<MediaStreamTrack> {
  return open('microphone', { ...choice }, (each) => ({ audio: voiceConstraints(each) }));
}

/** Opens the camera, likewise. */
export async function openCamera(choice: DeviceChoice): Promise<MediaStreamTrack> {
  return open('camera', { ...choice }, (each) => ({ video: pictureConstraints(each) }));
}

async function open(
  device: 'microphone' | 'camera',
  choice: DeviceChoice,
  constraints: (choice: DeviceChoice) => MediaStreamConstraints,
): Promise<MediaStreamTrack> {
  const get = async (each: DeviceChoice) =>
    (await navigator.mediaDevices.getUserMedia(constraints(each))).getTracks()[0]!;
  try {
    return await get(choice);
  } catch (error) {
    if (choice[device] !== null && isGone(error)) {
      return get({ ...choice, [device]: null }).catch((again) => {
        throw new DeviceError(deviceSentence(device, again));
      });
    }
    throw new DeviceError(deviceSentence(device, error));
  }
}

function isGone(error: unknown): boolean {
  const name = error instanceof Error ? error.name : '';
  return name === 'OverconstrainedError' || name === 'NotFoundError';
}

/** Why a device did not open, and what to do. `getUserMedia` tells by the name of its error. */
export function deviceSentence(device: 'microphone' | 'camera', error: unknown): string {
  const sentences = callWords.deviceErrors[device];
  switch (error instanceof Error ? error.name : '') {
    case 'NotAllowedError':
    case 'SecurityError':
      return sentences.refused;
    case 'NotFoundError':
    case 'OverconstrainedError':
      return sentences.missing;
    case 'NotReadableError':
    case 'AbortError':
      return sentences.busy;
    default:
      return sentences.other;
  }
}

export interface DeviceLists {
  readonly microphones: readonly MediaDeviceInfo[];
  readonly cameras: readonly MediaDeviceInfo[];
  readonly loudspeakers: readonly MediaDeviceInfo[];
}

/** What is plugged in. Before the person has allowed a device, browsers tell no names. */
export async function listDevices(): Promise<DeviceLists> {
  const all = await navigator.mediaDevices.enumerateDevices();
  const named = (kind: MediaDeviceKind) => all.filter((each) => each.kind === kind && each.deviceId !== '');
  return { microphones: named('audioinput'), cameras: named('videoinput'), loudspeakers: named('audiooutput') };
}

/** Whether this browser lets a page choose where it plays. */
export function canChooseLoudspeaker(): boolean {
  return 'setSinkId' in HTMLMediaElement.prototype;
}

/** What a call needs of a browser, by the name of what is missing. */
export function missingInterfaces(scope: object): readonly string[] {
  const { isSecureContext, navigator: browser, crypto } = scope as Partial<typeof globalThis>;
  if (isSecureContext === false) return ['https'];
  const needed: readonly [string, boolean][] = [
    ['RTCPeerConnection', 'RTCPeerConnection' in scope],
    ['RTCRtpScriptTransform', 'RTCRtpScriptTransform' in scope],
    ['getUserMedia', typeof browser?.mediaDevices?.getUserMedia === 'function'],
    ['WebCrypto', crypto?.subtle !== undefined],
    ['Worker', 'Worker' in scope],
    ['AudioContext', 'AudioContext' in scope],
  ];
  return needed.filter(([, present]) => !present).map(([name]) => name);
}
