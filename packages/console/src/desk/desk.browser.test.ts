import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { DeskCall, DeskState } from '@skykey/telemetry';
import type { Browser, Page } from 'playwright-core';
import { launchChromium, playedDevices } from '../../../../scripts/chromium.mjs';
import { buildPage } from '../call/test/build-page.ts';
import { alarm, desk, file, message } from './test/played.ts';
import { PlayedDesk } from './test/played-desk.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const AXE_TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
/** For a machine that does much else. */
const PATIENCE_MS = 60_000;
const CALL: DeskCall = {
  id: 'ab'.repeat(16),
  direction: 'incoming',
  kind: 'video',
  sealing: 'hybrid',
  state: 'ringing',
  reason: null,
  startedUtcMs: null,
  rekeySeconds: 60,
};
const NO = { allowed: false, reason: 'An alarm stands: only texts by the emergency pad leave.' };

const CALM = desk({
  messages: [
    message(1, { text: 'Good evening. Is the hawthorn in flower?' }),
    message(2, { text: 'It is. \u5c71\u6942\u82b1\u5f00\u4e86\u3002', state: 'sent', sealing: 'hybrid' }),
    message(3, { text: '\u0633\u0644\u0627\u0645', missed: 2, onRecord: true }),
    message(4, { text: 'One more', state: 'waiting', reason: 'Waits until Moscow answers.' }),
  ],
  files: [
    file('a', { direction: 'received', state: 'done', doneBytes: 1000 }),
    file('b', { name: `${'a very long name of a file '.repeat(6)}.tar.gz`, doneBytes: 500 }),
    file('c', { state: 'refused', reason: "The other desk's policy does not let this file in: ask its operator." }),
  ],
});
const BLACK = desk({
  ...CALM,
  line: {
    ...{ level: 'black', reason: 'Beijing found that somebody listens on micius-beijing.', sinceUtcMs: 0 },
    ...{ peerReachable: true, banners: ['The clocks of the two desks differ.'], alarm: alarm() },
  },
  may: { text: NO, sealedText: NO, file: NO, call: NO, sealedSpeech: NO },
});
const RESTORED = desk({ ...CALM, restored: true });

/** Every state that people meet, at both widths, in both directions of writing and both themes. */
const SCENES: readonly (readonly [
  what: string,
  state: DeskState,
  more?: { readonly path?: string; readonly out?: true },
])[] = [
  ['a calm line', CALM],
  ['an alarm', BLACK],
  ['somebody who calls', desk({ ...CALM, call: CALL })],
  ['a desk that was put back', RESTORED],
  ['nothing said yet', desk()],
  ['sign-in', CALM, { out: true }],
  ['enrolment', CALM, { path: `/#enrol=${'x'.repeat(43)}`, out: true }],
];

describe('the page of a desk in a browser', { timeout: 600_000 }, () => {
  const faults: string[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'skykey-page-'));
  let built: Awaited<ReturnType<typeof buildPage>>;
  let browser: Browser;
  let played: PlayedDesk;

  before(async () => {
    built = await buildPage(join(import.meta.dirname, '../../desk.html'));
    browser = await launchChromium(playedDevices());
  });
  after(async () => {
    await browser?.close();
    built?.remove();
    rmSync(folder, { recursive: true });
  });
  beforeEach(async () => {
    played = new PlayedDesk(built.folder, CALM);
    played.answer = (path) =>
      path === '/api/enrol/link'
        ? { status: 200, body: { name: 'First person of Beijing', unnamed: true } }
        : undefined;
    await played.listen();
  });
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    played.close();
  });

  async function open(
    { width = 1280, height = 800, path = '/', dir = 'ltr' } = {},
    script?: () => void,
  ): Promise<Page> {
    const page = await browser.newPage({ viewport: { width, height }, reducedMotion: 'reduce' });
    page.setDefaultTimeout(PATIENCE_MS);
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (said) => {
      if (said.type() === 'error' && !/40[139]|ERR_|AudioContext/.test(said.text())) faults.push(said.text());
    });
    if (script) await page.addInitScript(script);
    await page.goto(played.url + path);
    if (dir === 'rtl') await page.evaluate(() => document.documentElement.setAttribute('dir', 'rtl'));
    await page.locator('h1').waitFor();
    return page;
  }

  for (const [what, state, { path = '/', out = false } = {}] of SCENES) {
    it(`is accessible and in its frame: ${what}`, async () => {
      played.state = state;
      if (out) played.person = null;
      for (const [width, height, dir] of [
        [1280, 800, 'ltr'],
        [390, 844, 'rtl'],
        [390, 600, 'ltr'],
      ] as const) {
        const page = await open({ width, height, path, dir });
        if (!out) await page.getByTestId('line-state').waitFor();
        // A low window has the same elements.
        for (const colorScheme of height === 600 ? [] : (['dark', 'light'] as const)) {
          await page.emulateMedia({ colorScheme });
          const found = await page.evaluate(
            async ({ source, tags }) => {
              const axe = new Function(`${source}; return window.axe`)() as typeof import('axe-core');
              const { violations } = await axe.run(document, { runOnly: { type: 'tag', values: tags } });
              return violations.map(
                (rule) => `${rule.id}: ${rule.nodes.map((node) => node.target.join(' ')).join(', ')}`,
              );
            },
            { source: AXE, tags: AXE_TAGS },
          );
          assert.deepEqual(found, [], `${what}, ${width} ${dir} ${colorScheme}`);
        }
        const wide = await page.evaluate(() => {
          const { scrollWidth, clientWidth } = document.documentElement;
          return scrollWidth - clientWidth;
        });
        assert.ok(wide <= 0, `${what} scrolls sideways at ${width} ${dir} by ${wide}`);
        if (!out)
          assert.ok(await reachable(page, 'composer'), `${what}: the composer is out of reach at ${width}×${height}`);
        await page.close();
      }
    });
  }

  /** Whether all of it is in sight, with nothing before it. */
  const reachable = (page: Page, testId: string): Promise<boolean> =>
    page.getByTestId(testId).evaluate((element) => {
      const { left, right, top, bottom } = element.getBoundingClientRect();
      const at = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
      return top >= 0 && bottom <= innerHeight && left >= 0 && right <= innerWidth && element.contains(at);
    });

  it('keeps words and what ends a call in reach during a call on a phone, and makes the call smaller on request', async () => {
    for (const height of [844, 600]) {
      played.state = desk({ ...CALM, call: { ...CALL, direction: 'outgoing' } });
      played.answer = (path) =>
        path === '/api/call/servers'
          ? { status: 200, body: [] }
          : path === '/api/call'
            ? { status: 200, body: played.state.call }
            : path === '/api/call/lease'
              ? { status: 503, body: {} }
              : undefined;
      const page = await open({ width: 390, height });
      // The call is on elsewhere: taken here.
      played.tell(desk({ ...CALM, call: { ...CALL, direction: 'outgoing', state: 'connecting' } }));
      await page.getByTestId('call-take').click();
      await page.getByTestId('call-mute').waitFor();
      for (const what of ['composer', 'send', 'call-hangup', 'call-mute']) {
        assert.ok(await reachable(page, what), `${what} at ${height}`);
      }
      const room = () => page.getByTestId('conversation').evaluate((element) => element.clientHeight);
      const before = await room();
      assert.ok(before >= 90, `${before} px for the words at ${height}`);
      await page.getByTestId('call-small').scrollIntoViewIfNeeded();
      await page.getByTestId('call-small').click();
      assert.ok((await room()) > before, 'a smaller call leaves more room');
      assert.ok(await reachable(page, 'call-hangup'));
      await page.close();
    }
  });

  it('calls nothing safe while it does not hear its desk', async () => {
    const page = await open();
    await page.getByTestId('call-safety').filter({ hasText: 'Safe to call' }).waitFor();
    assert.equal(await page.getByTestId('call-voice').isEnabled(), true);
    played.close();
    await page.getByTestId('call-safety').filter({ hasText: 'Not known whether a call is safe' }).waitFor();
    assert.equal(await page.getByTestId('call-voice').isDisabled(), true);
    assert.equal(await page.getByTestId('send').isDisabled(), true);
    assert.match((await page.getByTestId('connection').textContent()) ?? '', /What you see is as of/);
  });

  it('lets an operator say that a desk that was put back was looked through, and nobody else', async () => {
    played.state = RESTORED;
    played.answer = (path) => {
      if (path === '/api/noted') queueMicrotask(() => played.tell(CALM));
      return undefined;
    };
    const page = await open();
    await page.getByTestId('noted').click();
    await page.getByTestId('banners').waitFor({ state: 'detached' });
    assert.deepEqual(played.asked.find(({ path }) => path === '/api/noted')?.body, {});
    played.person = { id: 'p-2', name: 'Zhang Min', roles: ['speaker'] };
    played.state = RESTORED;
    const other = await open();
    await other.getByTestId('banners').waitFor();
    assert.equal(await other.getByTestId('noted').count(), 0);
  });

  it('is worked by the keyboard alone: a text is sent, the details are walked through', async () => {
    const page = await open();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.keyboard.type('Good evening');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => (document.querySelector('#composer') as HTMLTextAreaElement).value === '');
    assert.deepEqual(played.asked.at(-1), { path: '/api/messages', body: { text: 'Good evening', sealing: 'sealed' } });
    await page.getByTestId('tab-line').focus();
    await page.keyboard.press('ArrowRight');
    assert.equal(await page.getByTestId('tab-files').getAttribute('aria-selected'), 'true');
    await page.evaluate(() => document.documentElement.setAttribute('dir', 'rtl'));
    await page.keyboard.press('ArrowLeft');
    assert.equal(await page.getByTestId('tab-desk').getAttribute('aria-selected'), 'true');
  });

  it('says that the desk has no room for a file, in the desk’s own words', async () => {
    const path = join(folder, 'draft.txt');
    writeFileSync(path, 'x'.repeat(5000));
    const error = 'no room for this file: free some space on its disk';
    played.answer = (asked) => (asked === '/api/files' ? { status: 409, body: { error } } : undefined);
    const page = await open();
    await page.getByTestId('picker').setInputFiles(path);
    await page.getByTestId('uploads').getByText('free some space').waitFor();
  });

  for (const [what, bytes] of [
    ['shorter', 1000],
    ['other', 30_000_000],
  ] as const) {
    it(`says what to do with a file that becomes ${what} while it is read, and takes it back`, async () => {
      const path = join(folder, `${what}.log`);
      writeFileSync(path, Buffer.alloc(30_000_000, 'x'));
      const { promise, resolve } = Promise.withResolvers<void>();
      played.hold = promise;
      played.answer = (asked) => (asked === '/api/files' ? { status: 200, body: { id: 'f-7' } } : undefined);
      const page = await open();
      await page.getByTestId('picker').setInputFiles(path);
      await page.getByTestId('uploads').getByText('Handing over').waitFor();
      // More than fits between the two: the browser waits in the middle of the file.
      await page.waitForTimeout(1100);
      writeFileSync(path, Buffer.alloc(bytes, 'y'));
      resolve();
      await page.getByTestId('uploads').getByText('changed, moved or locked while it was read').waitFor();
      const takenBack = played.asked.some(({ path: asked }) => asked === '/api/files/f-7/cancel');
      assert.equal(takenBack, bytes === 30_000_000);
    });
  }

  it('says at once that a link has expired, before a passkey is made for nothing', async () => {
    played.person = null;
    const sentence = 'this enrolment link expired at 2026-11-23 12:00 UTC: ask an operator for a new one';
    played.answer = (path) => (path === '/api/enrol/link' ? { status: 403, body: { error: sentence } } : undefined);
    const page = await open({ path: `/#enrol=${'x'.repeat(43)}` });
    await page.getByTestId('gate-refusal').filter({ hasText: 'expired at' }).waitFor();
    assert.equal(await page.getByTestId('enrol').isDisabled(), true);
  });

  it('asks whoever has no name yet for one, and sends it with the passkey', async () => {
    played.person = null;
    const page = await open({ path: `/#enrol=${'x'.repeat(43)}` });
    await page.getByTestId('enrol').click();
    await page.getByTestId('gate-refusal').filter({ hasText: 'Write your name first' }).waitFor();
    await page.getByTestId('enrol-name').fill('  Li Wei ');
    await page.getByTestId('enrol').click();
    await page.waitForTimeout(200);
    const options = played.asked.find(({ path }) => path === '/api/enrol/options');
    assert.deepEqual(options?.body, { token: 'x'.repeat(43), name: 'Li Wei' });
  });

  it('says what a browser lacks, and what to use instead', async () => {
    played.person = null;
    const old = await open({}, () => Reflect.deleteProperty(window, 'PublicKeyCredential'));
    await old.getByTestId('obstacle').filter({ hasText: 'lacks the interfaces for passkeys. Use Chromium' }).waitFor();
    assert.equal(await old.getByTestId('sign-in').isDisabled(), true);
    const numbered = await browser.newPage();
    await numbered.goto(played.url.replace('localhost', '127.0.0.1'));
    await numbered.getByTestId('obstacle').filter({ hasText: 'this address is a number' }).waitFor();
    assert.equal(
      await numbered.getByTestId('obstacle').getByRole('link').getAttribute('href'),
      `${played.url}/`,
      'and leads there',
    );
  });

  it('made no error', () => assert.deepEqual(faults, []));
});
