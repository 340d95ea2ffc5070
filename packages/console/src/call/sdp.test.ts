import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connectionOf, guarded, sealableCodecs } from './sdp.ts';

const OFFER = [
  'v=0',
  'o=- 4611731400430051336 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level',
  'a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level',
  'a=extmap:3 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  'a=rtpmap:111 opus/48000/2',
  'a=fmtp:111 minptime=10;useinbandfec=1',
  'm=video 9 UDP/TLS/RTP/SAVPF 96 97',
  'a=rtpmap:96 VP8/90000',
  'a=rtpmap:97 rtx/90000',
  'a=fmtp:97 apt=96',
  '',
].join('\r\n');

describe('a description from the peer', () => {
  it('makes us send voice at a constant rate, without pauses, whatever it asks for', () => {
    const cases = {
      plain: OFFER,
      variable: OFFER.replace('useinbandfec=1', 'cbr=0;useinbandfec=1;usedtx=1'),
      bare: OFFER.replace('a=fmtp:111 minptime=10;useinbandfec=1\r\n', ''),
      before: OFFER.replace('a=rtpmap:111 opus/48000/2\r\n', '').replace(
        'a=fmtp:111 minptime=10;useinbandfec=1',
        'a=fmtp:111 minptime=10\r\na=rtpmap:111 OPUS/48000/2',
      ),
    };
    for (const [name, sdp] of Object.entries(cases)) {
      const formats = guarded(sdp).match(/^a=fmtp:111 .*$/gm) ?? [];
      assert.equal(formats.length, 1, name);
      const parameters = formats[0]!.slice('a=fmtp:111 '.length).split(';');
      assert.deepEqual(
        parameters.filter((each) => /cbr|usedtx/.test(each)),
        ['cbr=1', 'usedtx=0'],
        name,
      );
    }
    assert.match(guarded(OFFER), /useinbandfec=1/);
  });

  it('of a call by one-time pad makes us send frames of 20 ms that fit a slot of it', () => {
    const greedy = OFFER.replace(
      'minptime=10;useinbandfec=1',
      'minptime=10;maxaveragebitrate=510000;stereo=1;useinbandfec=1\r\na=ptime:60\r\na=maxptime:120',
    );
    for (const sdp of [OFFER, greedy, guarded(greedy, true)]) {
      const lines = guarded(sdp, true).split('\r\n');
      assert.deepEqual(
        lines.filter((line) => /ptime:|fmtp:111/.test(line)),
        ['a=ptime:20', 'a=fmtp:111 useinbandfec=1;maxaveragebitrate=31200;minptime=20;stereo=0;cbr=1;usedtx=0'],
      );
      assert.ok((31_200 / 8) * 0.02 <= 79);
    }
  });

  it('does not make us say how loud each packet is, beside its sealed frame', () => {
    assert.doesNotMatch(guarded(OFFER), /audio-level/);
  });

  it('is otherwise left as it is', () => {
    const untouched = (sdp: string) => sdp.split('\r\n').filter((line) => !/audio-level|:111 /.test(line));
    assert.deepEqual(untouched(guarded(OFFER)), untouched(OFFER));
    assert.equal(guarded(guarded(OFFER)), guarded(OFFER));
    assert.ok(guarded(OFFER).endsWith('\r\n'));
  });

  it('names the connection that wrote it', () => {
    assert.equal(connectionOf(OFFER), '4611731400430051336');
    assert.equal(connectionOf(OFFER.replace(' 2 IN', ' 7 IN')), '4611731400430051336');
    assert.equal(connectionOf(undefined), null);
    assert.equal(connectionOf('v=0'), null);
  });
});

it('a call offers only codecs whose frames may be sealed whole', () => {
  const offered = ['video/VP8', 'video/rtx', 'video/VP9', 'video/H264', 'video/AV1', 'video/red', 'video/ulpfec'];
  const codecs = offered.map((mimeType) => ({ mimeType }));
  assert.deepEqual(sealableCodecs(codecs, 'video'), [{ mimeType: 'video/VP8' }, { mimeType: 'video/rtx' }]);
  assert.deepEqual(sealableCodecs(codecs.slice(1), 'video'), []);
  assert.deepEqual(sealableCodecs([{ mimeType: 'audio/red' }, { mimeType: 'audio/OPUS' }], 'audio'), [
    { mimeType: 'audio/OPUS' },
  ]);
});
