import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type DeskAddress, type Running, up } from '@skykey/node';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../../../scripts/chromium.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const AXE_TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const LIMIT = { timeout: 90_000 };
const PORT = 24460;

/** The story as its user lives it: real processes, real Chromium. */
describe('the console in a browser', () => {
  const data = mkdtempSync(join(tmpdir(), 'skykey-console-'));
  const faults: string[] = [];
  let running: Running;
  let browser: Browser;
  let overview: Page;
  let beijing: Page;
  let moscow: Page;
  let others: readonly Page[];

  before(async () => {
    running = await up({
      scenario: 'micius-2016-12-19',
      data,
      port: PORT,
      seed: 4,
      speed: 120,
      onLine: () => undefined,
      onFailure: assert.fail,
    });
    browser = await launchChromium();
    overview = await open('/');
    const [atBeijing, atMoscow] = running.desks();
    // Two persons at each desk, since two are needed to open it again; the first of each writes.
    [beijing, moscow] = [await enrolled(atBeijing!, 0), await enrolled(atMoscow!, 0)];
    others = [await enrolled(atBeijing!, 1), await enrolled(atMoscow!, 1)];
  });
  after(async () => {
    await browser?.close();
    await running?.stop();
    rmSync(data, { recursive: true, force: true });
  });

  /** A browser of its own with a passkey of its own, by an enrolment link. */
  async function enrolled({ siteId, url, enrolment }: DeskAddress, which: number): Promise<Page> {
    const page = await open(enrolment[which]!.link.slice(url.length - 1), url.slice(0, -1), async (fresh) => {
      const devtools = await fresh.context().newCDPSession(fresh);
      await devtools.send('WebAuthn.enable');
      await devtools.send('WebAuthn.addVirtualAuthenticator', {
        options: {
          ...{ protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true },
          ...{ isUserVerified: true, automaticPresenceSimulation: true },
        },
      });
    });
    await page.getByTestId('enrol-name').fill(`${which === 0 ? 'First' : 'Second'} of ${siteId}`, LIMIT);
    await page.getByTestId('enrol').click(LIMIT);
    await page.getByTestId('line-state').waitFor(LIMIT);
    assert.equal(new URL(page.url()).hash, '', `the link of ${siteId} stays in no history`);
    return page;
  }

  async function open(
    path: string,
    origin = running.url,
    prepare: (page: Page) => Promise<void> = async () => undefined,
  ): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
    const page = await context.newPage();
    await prepare(page);
    page.on('pageerror', (error) => faults.push(`${path}: ${error.message}`));
    page.on('console', (message) => {
      // Whoever is not signed in yet is told so with 401, and what is refused with 409: the browser reports both by itself.
      if (message.type() === 'error' && !/\b(401|409)\b/.test(message.text()))
        faults.push(`${path}: ${message.text()}`);
    });
    page.on('request', (request) => {
      const { host, protocol } = new URL(request.url());
      if (host !== new URL(origin).host && protocol !== 'data:' && protocol !== 'blob:')
        faults.push(`${path} asked for ${request.url()}`);
    });
    const response = await page.goto(origin + path);
    assert.equal(response?.status(), 200);
    const policy = response!.headers()['content-security-policy'] ?? '';
    assert.match(policy, /default-src '(self|none)'/);
    assert.doesNotMatch(policy, /script-src (?!'self';)|unsafe-eval|\*/);
    return page;
  }

  async function accessible(page: Page, what: string): Promise<void> {
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme });
      const violations = await page.evaluate(
        async ({ source, tags }) => {
          // An own copy in the page: the policy forbids adding a script element.
          const axe = new Function(`${source}; return window.axe`)() as typeof import('axe-core');
          const { violations: found } = await axe.run(document, { runOnly: { type: 'tag', values: tags } });
          return found.map((rule) => `${rule.id}: ${rule.nodes.map((node) => node.target.join(' ')).join(', ')}`);
        },
        { source: AXE, tags: AXE_TAGS },
      );
      assert.deepEqual(violations, [], `${what}, ${colorScheme}`);
    }
  }

  it('says what is simulated, and runs a mission clock that can be held', async () => {
    await overview.getByTestId('simulated').waitFor(LIMIT);
    assert.match((await overview.getByTestId('simulated').textContent()) ?? '', /simulated/i);
    await overview.getByTestId('clock-pause').click();
    await overview
      .getByTestId('clock-state')
      .filter({ hasText: /paused|held/i })
      .waitFor(LIMIT);
    const held = await overview.getByTestId('mission-clock').textContent();
    await new Promise((resolve) => setTimeout(resolve, 1200));
    assert.equal(await overview.getByTestId('mission-clock').textContent(), held);
    await overview.getByTestId('clock-pause').click();
  });

  it('turns two passes into key at both sites', async () => {
    const accepted = (link: string) => overview.getByTestId(`link-${link}`).getByText(/^Accepted$/);
    await accepted('micius-beijing').waitFor(LIMIT);
    await overview.getByTestId('clock-skip').click();
    await accepted('micius-moscow').waitFor(LIMIT);
    for (const link of ['micius-beijing', 'micius-moscow']) {
      await overview
        .locator(`[data-testid="stock-${link}"] [data-testid="stock-send"]:not([data-bits="0"])`)
        .waitFor(LIMIT);
    }
    await overview.getByTestId('relays').getByText('Confirmed').first().waitFor(LIMIT);
  });

  it('carries a message, written with the keyboard alone, from desk to desk', async () => {
    for (const desk of [beijing, moscow]) {
      await desk.locator('[data-testid="line-state"]:is([data-state="amber"],[data-state="green"])').waitFor(LIMIT);
    }
    assert.equal(
      await beijing.getByTestId('phrase').textContent(LIMIT),
      await moscow.getByTestId('phrase').textContent(LIMIT),
    );
    await beijing.getByTestId('composer').focus();
    await beijing.keyboard.type('Is the hawthorn in flower?');
    await beijing.keyboard.press('Enter');
    await moscow.getByTestId('message').filter({ hasText: 'Is the hawthorn in flower?' }).waitFor(LIMIT);
    await beijing
      .getByTestId('message')
      .getByTestId('delivery')
      .filter({ hasText: /delivered/i })
      .waitFor(LIMIT);
    await moscow.getByTestId('composer').fill('It is. 山楂花开了。');
    await moscow.getByTestId('send').click();
    await beijing.getByTestId('message').filter({ hasText: '山楂花开了' }).waitFor(LIMIT);
  });

  it('is accessible in both themes while all is well', async () => {
    await accessible(overview, 'overview');
    await accessible(beijing, 'desk');
  });

  it('finds the tap, poisons, drops, and refuses the next message', async () => {
    await overview.getByTestId('tap-micius-beijing').click();
    await overview.getByTestId('dropped-micius-beijing').waitFor(LIMIT);
    for (const desk of [beijing, moscow]) {
      await desk.locator('[data-testid="line-state"][data-state="black"]').waitFor(LIMIT);
      assert.match((await desk.getByTestId('alarm-reason').textContent()) ?? '', /QBER .* above/);
    }
    // Also past the page, whoever asks: nothing leaves.
    const refused = await beijing.evaluate(async () => {
      const answer = await fetch('/api/messages', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-skykey': '1' },
        body: JSON.stringify({ text: 'Does anybody hear me?', sealing: 'hybrid' }),
      });
      return answer.status;
    });
    assert.equal(refused, 409);
    for (const link of ['micius-beijing', 'micius-moscow']) {
      await overview.locator(`[data-testid="stock-${link}"] [data-testid="stock-send"][data-bits="0"]`).waitFor(LIMIT);
    }
    await accessible(overview, 'overview under alarm');
    await accessible(beijing, 'desk under alarm');
  });

  it('takes the link back when the tap is gone and the operator says so', async () => {
    assert.equal(await overview.getByTestId('reopen-micius-beijing').isDisabled(), true);
    await overview.getByTestId('tap-micius-beijing').click();
    await overview.locator('[data-testid="reopen-micius-beijing"]:enabled').click(LIMIT);
    await overview.getByTestId('dropped-micius-beijing').waitFor({ ...LIMIT, state: 'detached' });
    // The desks wait for their own people, two on each side, and for key that was made since.
    for (const page of [beijing, moscow, ...others]) await page.getByTestId('approve').click(LIMIT);
    await beijing.getByTestId('alarm').filter({ hasText: 'Second of moscow' }).waitFor(LIMIT);
    assert.equal(await beijing.locator('[data-testid="line-state"]').getAttribute('data-state'), 'black');
  });

  it('fits a phone', async () => {
    for (const page of [overview, beijing]) {
      await page.setViewportSize({ width: 390, height: 844 });
      await page.waitForTimeout(500);
      const wide = await page.evaluate(() =>
        [...document.querySelectorAll('body *')]
          .filter((element) => element.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
          .filter((element) => !element.closest('[tabindex="0"][role="region"]'))
          .map((element) => `${element.tagName}.${element.getAttribute('class')}`)
          .slice(0, 5),
      );
      const scrolls = await page.evaluate(
        () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
      );
      assert.equal(scrolls, false, `the page scrolls sideways: ${wide.join(', ')}`);
    }
  });

  it('made no error, and asked nobody else for anything', () => assert.deepEqual(faults, []));
});
