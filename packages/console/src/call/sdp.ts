import { CODECS, SPEECH_BITS_PER_SECOND, type Stream } from '@skykey/hotline/media';

/**
 * What a session description (SDP, RFC 8829) must say, and must not, before it is obeyed. It is edited where it is
 * *received*, so that our own sending follows it whatever the other side wrote.
 */

/** Says how loud each voice packet is, beside the sealed frame and in clear (RFC 6464, RFC 6465). */
const LOUDNESS = /^a=extmap:\d+(\/\w+)? urn:ietf:params:rtp-hdrext:(ssrc|csrc)-audio-level\b/;

/**
 * The description that we obey: voice at a constant rate, because the lengths of sealed packets of variable rate give
 * phrases away (White, Matthews, Snow, Monrose, IEEE S&P 2011); no loudness beside the frames, for the same reason.
 * `padded`: each frame of 20 ms fits a slot of the one-time pad.
 */
export function guarded(sdp: string, padded = false): string {
  const lines = sdp
    .split(/\r\n|\n/)
    .filter((line) => !LOUDNESS.test(line) && !(padded && /^a=(max)?ptime:/.test(line)));
  const opus = new Set(lines.map((line) => /^a=rtpmap:(\d+) opus\//i.exec(line)?.[1]));
  const parameters = new Map(
    lines.map((line) => (/^a=fmtp:(\d+) (.*)$/.exec(line)?.slice(1, 3) as [string, string]) ?? []),
  );
  return lines
    .flatMap((line) => {
      const [, attribute, payload] = /^a=(rtpmap|fmtp):(\d+) /.exec(line) ?? [];
      if (payload === undefined || !opus.has(payload)) return [line];
      return attribute === 'fmtp'
        ? []
        : [
            line,
            ...(padded ? ['a=ptime:20'] : []),
            `a=fmtp:${payload} ${constantRate(parameters.get(payload) ?? '', padded)}`,
          ];
    })
    .join('\r\n');
}

/** Opus parameters (RFC 7587) with constant rate, and without pauses where nobody speaks. */
function constantRate(parameters: string, padded: boolean): string {
  const ours = padded ? /^\s*(cbr|usedtx|maxaveragebitrate|minptime|stereo)\s*=/ : /^\s*(cbr|usedtx)\s*=/;
  const kept = parameters.split(';').filter((each) => each.trim() !== '' && !ours.test(each));
  const rate = padded ? [`maxaveragebitrate=${SPEECH_BITS_PER_SECOND}`, 'minptime=20', 'stereo=0'] : [];
  return [...kept, ...rate, 'cbr=1', 'usedtx=0'].join(';');
}

/**
 * Which `RTCPeerConnection` wrote a description: the session id of its origin line, which is the same for as long as the
 * connection lives (RFC 8829, 5.2.1). Another one means that the peer's page was loaded again. Null where there is none.
 */
export function connectionOf(sdp: string | undefined): string | null {
  return /^o=\S+ (\S+) /m.exec(sdp ?? '')?.[1] ?? null;
}

/** Of a browser's codecs, the one that the media room seals, and the retransmission of its packets. */
export function sealableCodecs<T extends { readonly mimeType: string }>(offered: readonly T[], stream: Stream): T[] {
  const named = (name: string) => offered.filter(({ mimeType }) => mimeType.toLowerCase() === name.toLowerCase());
  const sealable = named(CODECS[stream]);
  return sealable.length === 0 ? [] : [...sealable, ...named(`${stream}/rtx`)];
}
