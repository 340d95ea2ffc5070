import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  deviceSentence,
  missingInterfaces,
  pictureConstraints,
  readChoice,
  SYSTEM_DEVICES,
  voiceConstraints,
} from './devices.ts';

describe('a browser', () => {
  const whole = {
    isSecureContext: true,
    navigator: { mediaDevices: { getUserMedia: () => undefined } },
    crypto: { subtle: {} },
    ...{ RTCPeerConnection: 0, RTCRtpScriptTransform: 0, Worker: 0, AudioContext: 0 },
  };

  it('that has everything lacks nothing', () => assert.deepEqual(missingInterfaces(whole), []));

  it('that lacks an interface is told which', () => {
    const { RTCRtpScriptTransform: _, ...old } = whole;
    assert.deepEqual(missingInterfaces(old), ['RTCRtpScriptTransform']);
    assert.deepEqual(missingInterfaces({ ...whole, navigator: {} }), ['getUserMedia']);
    assert.deepEqual(missingInterfaces({ ...whole, crypto: {} }), ['WebCrypto']);
  });

  it('on an address it does not trust is told that, and nothing else', () => {
    assert.deepEqual(missingInterfaces({ isSecureContext: false, navigator: {} }), ['https']);
  });
});

describe('devices', () => {
  it('that were remembered are read, and nonsense is not', () => {
    assert.deepEqual(readChoice({ microphone: 'm', camera: 7, loudspeaker: '', picture: 'small' }), {
      ...SYSTEM_DEVICES,
      microphone: 'm',
      picture: 'small',
    });
    assert.deepEqual(readChoice('nonsense'), SYSTEM_DEVICES);
  });

  it('are asked for by name only when one was chosen', () => {
    assert.equal('deviceId' in voiceConstraints(SYSTEM_DEVICES), false);
    assert.deepEqual(voiceConstraints({ ...SYSTEM_DEVICES, microphone: 'm' }).deviceId, { exact: 'm' });
    assert.deepEqual(pictureConstraints({ ...SYSTEM_DEVICES, camera: 'c', picture: 'small' }), {
      ...{ deviceId: { exact: 'c' }, width: { ideal: 640 }, height: { ideal: 360 } },
      frameRate: { ideal: 15, max: 15 },
    });
  });

  it('that do not open are explained, each failure in its own words', () => {
    const named = (name: string) => Object.assign(new Error('x'), { name });
    const sentences = ['NotAllowedError', 'NotFoundError', 'NotReadableError', 'TypeError'].map((name) =>
      deviceSentence('microphone', named(name)),
    );
    assert.equal(new Set(sentences).size, 4);
    for (const sentence of sentences) assert.match(sentence, /microphone|Plug/);
    assert.match(deviceSentence('camera', named('NotAllowedError')), /heard, not seen/);
  });
});
