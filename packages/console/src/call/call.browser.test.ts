import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { launchChromium, playedDevices } from '../../../../scripts/chromium.mjs';
import { buildPage } from './test/build-page.ts';
import { type PlayedSite, playedSites } from './test/played-sites.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const AXE_TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
/** For a machine that does much else. */
const PATIENCE_MS = 60_000;

/** What a page's connection has received, straight from the browser. */
interface Received {
  /** Which connection of the page it is: a new one counts from zero. */
  readonly connection: number;
  readonly framesReceived: number;
  readonly framesDecoded: number;
  readonly keyFrames: number;
}

/**
 * Two windows of real Chromium with played devices, the built page in each, and two played sites between them
 * (`test/played-sites.ts`): what is tested is the page, its worker and what the browser makes of sealed frames.
 */
describe('a call between two browsers', { timeout: 600_000 }, () => {
  const faults: string[] = [];
  let built: Awaited<ReturnType<typeof buildPage>>;
  let browser: Browser;
  let beijing: PlayedSite;
  let moscow: PlayedSite;
  let caller: Page;
  let called: Page;

  before(async () => {
    built = await buildPage();
    [beijing, moscow] = await playedSites(built.folder);
    browser = await launchChromium([
      ...playedDevices(10),
      // Nothing leaves this machine.
      '--allow-loopback-in-peer-connection',
      '--disable-features=WebRtcHideLocalIpsWithMdns',
    ]);
    caller = await open(beijing);
    called = await open(moscow);
  });
  after(async () => {
    await browser?.close();
    beijing?.close();
    moscow?.close();
    built?.remove();
  });

  // One story: what comes after a broken step would only wait in vain.
  let broken = false;
  beforeEach(() => assert.equal(broken, false, 'an earlier step failed'));
  afterEach((step) => {
    broken ||= !(step as unknown as { readonly passed: boolean }).passed;
  });

  async function open(site: PlayedSite, script?: () => void): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 390, height: 600 }, reducedMotion: 'reduce' });
    page.setDefaultTimeout(PATIENCE_MS);
    // Asked whether to leave in mid-call: yes.
    page.on('dialog', (dialog) => void dialog.accept());
    page.on('pageerror', (error) => faults.push(`${site.name}: ${error.message}`));
    page.on('console', (message) => {
      const expected = /40[39]|503|ERR_|AudioContext/.test(message.text());
      if (message.type() === 'error' && !expected) faults.push(`${site.name}: ${message.text()}`);
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(site.url) && !request.url().startsWith('data:')) faults.push(request.url());
    });
    await page.addInitScript(() => {
      localStorage.setItem('skykey-devices', '{"picture":"small"}');
      // What is spoken is a tone: cleaning it up costs more than everything else here.
      const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      const raw = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
      navigator.mediaDevices.getUserMedia = (asked) => open(asked?.audio ? { audio: raw } : asked);
      const Real = RTCPeerConnection;
      const made: RTCPeerConnection[] = [];
      Object.assign(window, {
        made,
        RTCPeerConnection: class extends Real {
          constructor(...given: ConstructorParameters<typeof Real>) {
            super(...given);
            made.push(this);
          }
        },
      });
    });
    if (script !== undefined) await page.addInitScript(script);
    await page.goto(site.url);
    return page;
  }

  const phase = (page: Page, name: string) =>
    page.locator(`[data-testid="call-panel"][data-phase="${name}"]`).waitFor();
  const figure = async (page: Page, name: string) =>
    Number((await page.getByTestId(`call-${name}`).getAttribute('data-value')) ?? 0);

  async function call(): Promise<void> {
    await caller.getByTestId('call-video').click();
    await called.getByTestId('call-accept').click();
    await Promise.all([phase(caller, 'running'), phase(called, 'running')]);
  }

  async function hangUp(): Promise<void> {
    await caller.getByTestId('call-hangup').click();
    await Promise.all([phase(caller, 'idle'), phase(called, 'idle')]);
    for (const page of [caller, called]) await page.getByTestId('call-dismiss').click();
  }

  const received = (page: Page): Promise<Received> =>
    page.evaluate(async () => {
      const { made } = window as unknown as { made: RTCPeerConnection[] };
      const reports = [...((await made.at(-1)?.getStats()) ?? new Map()).values()] as Record<string, number | string>[];
      const picture = reports.find(({ type, kind }) => type === 'inbound-rtp' && kind === 'video');
      const number = (name: string) => Number(picture?.[name] ?? 0);
      return {
        connection: made.length,
        framesReceived: number('framesReceived'),
        framesDecoded: number('framesDecoded'),
        keyFrames: number('keyFramesDecoded'),
      };
    });

  const shown = async () =>
    (await Promise.all([caller, called].map((page) => page.getByTestId('call-panel').textContent()))).join(' | ');

  /** Waits until a page's figures satisfy. */
  async function until(what: string, satisfied: () => Promise<boolean>): Promise<void> {
    const endMs = Date.now() + PATIENCE_MS;
    while (!(await satisfied())) {
      if (Date.now() > endMs) assert.fail(`waited in vain: ${what}; the pages show ${await shown()}`);
      await sleep(200);
    }
  }

  const decodedFrom = async (page: Page, more: number) => {
    const start = await received(page);
    await until(`${more} frames decoded`, async () => {
      const { connection, framesDecoded } = await received(page);
      return framesDecoded >= more + (connection === start.connection ? start.framesDecoded : 0);
    });
  };

  /** The loudest that a meter of a page shows while it is watched, per cent. */
  const loudest = (page: Page, name: string, ms: number): Promise<number> =>
    page.getByTestId(name).evaluate(async (meter, forMs) => {
      let most = 0;
      for (const endMs = performance.now() + forMs; performance.now() < endMs; ) {
        most = Math.max(most, Number(meter.getAttribute('aria-valuenow')));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return most;
    }, ms);

  /** Voice packets of the caller over a second: their mean length, and what stands beside the sealed frames. */
  const voicePackets = () =>
    caller.evaluate(async () => {
      const connection = (window as unknown as { made: RTCPeerConnection[] }).made.at(-1)!;
      const read = async () => {
        const reports = [...(await connection.getStats()).values()] as Record<string, number | string>[];
        const voice = reports.find(({ type, kind }) => type === 'outbound-rtp' && kind === 'audio')!;
        return { bytes: Number(voice.bytesSent), packets: Number(voice.packetsSent) };
      };
      const before = await read();
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const after = await read();
      const voice = connection.getSenders().find(({ track }) => track?.kind === 'audio')!;
      return {
        bytes: (after.bytes - before.bytes) / (after.packets - before.packets),
        beside: voice.getParameters().headerExtensions.map(({ uri }) => uri),
      };
    });

  async function accessible(page: Page, what: string, themes: readonly ('dark' | 'light')[]): Promise<void> {
    for (const colorScheme of themes) {
      await page.emulateMedia({ colorScheme });
      const violations = await page.evaluate(
        async ({ source, tags }) => {
          const axe = new Function(`${source}; return window.axe`)() as typeof import('axe-core');
          const { violations: found } = await axe.run('[data-testid="call-panel"]', {
            runOnly: { type: 'tag', values: tags },
          });
          return found.map((rule) => `${rule.id}: ${rule.nodes.map((node) => node.target.join(' ')).join(', ')}`);
        },
        { source: AXE, tags: AXE_TAGS },
      );
      assert.deepEqual(violations, [], `${what}, ${colorScheme}`);
    }
  }

  it('says how safe it is before anybody is disturbed, and again while it rings', async () => {
    await phase(caller, 'idle');
    assert.match((await caller.getByTestId('call-safety').textContent()) ?? '', /Safe to call/);
    await accessible(caller, 'before a call', ['dark']);
    await caller.getByTestId('call-video').click();
    await phase(called, 'ringing');
    assert.match((await called.getByTestId('call-safety').textContent()) ?? '', /Safe to call/);
    assert.match((await called.getByTestId('call-safety-details').textContent()) ?? '', /every 1\u202fmin/);
    await accessible(called, 'ringing', ['light']);
    await called.getByTestId('call-accept').click();
    await Promise.all([phase(caller, 'running'), phase(called, 'running')]);
  });

  it('carries voice both ways', async () => {
    const voices = [caller, called].flatMap((page) =>
      ['call-level-own', 'call-level-other'].map((name) =>
        until(`a voice: ${name}`, async () => (await loudest(page, name, 1200)) > 20),
      ),
    );
    await Promise.all(voices);
  });

  it('decodes at least 99 % of the frames of the picture, and renews keys in mid-call without losing one', async () => {
    const pages = [caller, called];
    const each = <T>(ask: (page: Page) => Promise<T>) => Promise.all(pages.map(ask));
    const camera = () => each((page) => page.getByTestId('call-camera').click());
    // The first frames may come before the keys for them.
    await each((page) => decodedFrom(page, 12));
    // On a machine so busy that a lease runs out, frames are held back as they should be; then it is measured again.
    for (let attempt = 1; ; attempt++) {
      const held = await each((page) => figure(page, 'held'));
      const refused = await each((page) => figure(page, 'refused'));
      const epoch = await figure(caller, 'epoch');
      const starts = await each(received);
      for (let renewal = 0; renewal < 2; renewal++) {
        for (const site of [beijing, moscow]) site.renew();
        await each((page) => decodedFrom(page, 16));
      }
      await until('the new keys', async () => (await figure(caller, 'epoch')) >= epoch + 2);
      // Nothing on its way any more, so that every frame that came has been decoded or never will be.
      await camera();
      await sleep(1000);
      const ends = await each(received);
      await camera();
      await each((page) => decodedFrom(page, 5));
      if (attempt < 8 && String(await each((page) => figure(page, 'held'))) !== String(held)) continue;
      for (const [index, end] of ends.entries()) {
        const came = end.framesReceived - starts[index]!.framesReceived;
        const decoded = end.framesDecoded - starts[index]!.framesDecoded;
        assert.ok(end.keyFrames >= 1 && came >= 32, `only ${came} frames came`);
        assert.ok(decoded >= 0.99 * came, `${decoded} of ${came} frames were decoded`);
      }
      assert.deepEqual(await each((page) => figure(page, 'refused')), refused);
      break;
    }
  });

  it('sends no voice while muted, and a listener on the wire sees no difference', async () => {
    const speaking = await voicePackets();
    await caller.getByTestId('call-mute').click();
    await until('silence', async () => (await loudest(called, 'call-level-other', 1300)) < 5);
    const muted = await voicePackets();
    await caller.getByTestId('call-mute').click();
    // A byte more where the frame counter has just grown by one.
    assert.ok(Math.abs(speaking.bytes - muted.bytes) < 2, `${speaking.bytes} bytes a packet, muted ${muted.bytes}`);
    const loudness = speaking.beside.filter((uri) => uri.includes('audio-level'));
    assert.deepEqual(loudness, []);
    await until('a voice', async () => (await loudest(called, 'call-level-other', 1200)) > 20);
  });

  it('finds another way when both ends look for one at the same moment', async () => {
    for (const page of [caller, called]) {
      await page.evaluate(() => (window as unknown as { made: RTCPeerConnection[] }).made.at(-1)!.restartIce());
    }
    await Promise.all([decodedFrom(caller, 10), decodedFrom(called, 10)]);
  });

  it('falls silent within a second of the last lease, and goes on by itself', async () => {
    const watched = caller.evaluate(async () => {
      const connection = (window as unknown as { made: RTCPeerConnection[] }).made.at(-1)!;
      const series: { readonly ms: number; readonly sent: number }[] = [];
      for (const endMs = Date.now() + 3000; Date.now() < endMs; ) {
        const reports = [...(await connection.getStats()).values()] as Record<string, number | string>[];
        const outbound = reports.filter(({ type }) => type === 'outbound-rtp');
        const sent = outbound.reduce((sum, { packetsSent }) => sum + Number(packetsSent), 0);
        series.push({ ms: Date.now(), sent });
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      return series;
    });
    await sleep(300);
    beijing.leases = 'mute';
    const series = await watched;
    const last = series.at(-1)!;
    assert.ok(series[0]!.sent < last.sent, 'nothing flowed before');
    // A machine that stood still between two looks may have been late by as much.
    const stalledMs = Math.max(...series.slice(1).map(({ ms }, index) => ms - series[index]!.ms - 100));
    const silent = series.find(({ ms }) => ms >= beijing.lastLeaseMs + 1000 + stalledMs);
    assert.equal(silent?.sent, last.sent, 'packets left later than a second after the last lease');
    await phase(caller, 'paused');
    assert.match((await caller.getByTestId('call-trouble').textContent()) ?? '', /Beijing does not confirm/);
    await until('silence', async () => (await loudest(called, 'call-level-other', 800)) === 0);
    await called.getByTestId('call-blank').waitFor();
    beijing.leases = 'given';
    await phase(caller, 'running');
    await decodedFrom(called, 5);
  });

  it('goes on after the page was loaded again, with keys that were never used', async () => {
    const before = new Set(moscow.given.values());
    await called.reload();
    await phase(called, 'elsewhere');
    await called.getByTestId('call-take').click();
    await phase(called, 'running');
    await Promise.all([decodedFrom(caller, 5), decodedFrom(called, 5)]);
    assert.ok(new Set(moscow.given.values()).size > before.size, 'the page of the second load got keys of its own');
  });

  it('is accessible while it lasts', async () => {
    await accessible(called, 'in a call', ['dark', 'light']);
    assert.equal(await called.evaluate(() => document.querySelectorAll('[style]').length), 0);
  });

  it('stops at once when the site says so, at both ends, with the reason on the screen', async () => {
    const reason = 'Somebody is listening on micius-beijing: error rate 11 %, alarm at 3.5 %.';
    const frames = () => Promise.all([received(caller), received(called)]);
    for (const site of [beijing, moscow]) site.stop(reason);
    await Promise.all([phase(caller, 'idle'), phase(called, 'idle')]);
    for (const page of [caller, called]) {
      assert.equal(await page.locator('[data-testid="call-note"]').getAttribute('data-kind'), 'stopped');
      assert.equal(await page.getByTestId('call-reason').textContent(), reason);
      assert.match((await page.getByRole('alert').textContent()) ?? '', /Somebody is listening/);
      assert.equal(await page.getByTestId('call-voice').isDisabled(), true);
      assert.equal(await page.locator('video').count(), 0);
      const states = await page.evaluate(() =>
        (window as unknown as { made: RTCPeerConnection[] }).made.map(({ connectionState }) => connectionState),
      );
      assert.ok(states.every((state) => state === 'closed'));
    }
    const then = await frames();
    await sleep(500);
    assert.deepEqual(await frames(), then);
    await accessible(caller, 'stopped', ['dark', 'light']);
    for (const site of [beijing, moscow]) site.reopen();
    for (const page of [caller, called]) await page.getByTestId('call-dismiss').click();
  });

  it('with one wrong key: not a frame is decoded, not a sound is heard, and it says so', async () => {
    moscow.secret = 'another secret';
    await call();
    await until(
      'refusals',
      async () => (await figure(caller, 'refused')) > 100 && (await figure(called, 'refused')) > 100,
    );
    for (const page of [caller, called]) {
      assert.equal((await received(page)).framesDecoded, 0);
      assert.equal(await figure(page, 'voice-opened'), 0);
      assert.equal(await figure(page, 'picture-opened'), 0);
      assert.equal(await loudest(page, 'call-level-other', 500), 0);
      assert.match((await page.getByTestId('call-trouble').textContent()) ?? '', /cannot be opened/);
    }
    await hangUp();
    moscow.secret = beijing.secret;
  });

  it('by one-time pad: is heard at both ends under as much pad as there are seconds, and says how it is sealed', async () => {
    assert.match(
      (await caller.getByTestId('call-pad-hint').textContent()) ?? '',
      /pad for 1\u202fmin 40\u202fs of it today/,
    );
    await caller.getByTestId('call-voice-pad').click();
    await phase(called, 'ringing');
    assert.match((await called.getByTestId('call-incoming').textContent()) ?? '', /voice by one-time pad/);
    await called.getByTestId('call-accept').click();
    await Promise.all([phase(caller, 'running'), phase(called, 'running')]);
    for (const page of [caller, called]) {
      await until('a voice', async () => (await loudest(page, 'call-level-other', 1200)) > 20);
      const said = /Sealed by one-time pad; 1\u202fmin 40\u202fs left/;
      await until('how it is sealed', async () => said.test((await page.getByTestId('call-seal').textContent()) ?? ''));
    }
    const [blocks, opened] = [moscow.blocks.sent, await figure(caller, 'voice-opened')];
    await until('speech for some blocks', async () => moscow.blocks.sent >= blocks + 5);
    const heard = (await figure(caller, 'voice-opened')) - opened;
    assert.ok(
      heard <= 50 * (moscow.blocks.sent - blocks + 4),
      `${heard} frames under ${moscow.blocks.sent - blocks} blocks`,
    );
    assert.equal(await caller.getByTestId('call-camera').count(), 0);
  });

  it('by one-time pad: what comes under a wrong pad is not heard, although its keys are right', async () => {
    moscow.padSecret = 'another pad';
    await until('silence', async () => (await loudest(called, 'call-level-other', 1000)) === 0);
    const refused = await figure(called, 'refused');
    await until('refusals', async () => (await figure(called, 'refused')) > refused + 50);
    moscow.padSecret = beijing.padSecret;
    await until('a voice again', async () => (await loudest(called, 'call-level-other', 1000)) > 20);
    await hangUp();
  });

  it('tells people with a browser that lacks an interface what to do, before anybody is disturbed', async () => {
    const old = await open(beijing, () => Reflect.deleteProperty(window, 'RTCRtpScriptTransform'));
    assert.match((await old.getByTestId('call-unsupported').textContent()) ?? '', /lacks RTCRtpScriptTransform/);
    assert.equal(await old.getByTestId('call-voice').isDisabled(), true);
    await old.close();
  });

  it('ends a call whose browser sends voice and picture past the sealing', async () => {
    await caller.close();
    caller = await open(beijing, () =>
      Object.defineProperty(RTCRtpSender.prototype, 'transform', { get: () => null, set: () => undefined }),
    );
    await call();
    await Promise.all([phase(caller, 'idle'), phase(called, 'idle')]);
    for (const page of [caller, called]) {
      assert.match((await page.getByTestId('call-reason').textContent()) ?? '', /past the sealing/);
    }
  });

  it('made no error, asked nobody else for anything, and was given no key twice', () => {
    assert.deepEqual([...faults, ...beijing.faults, ...moscow.faults], []);
  });
});
