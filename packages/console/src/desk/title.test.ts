import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alarm, desk, messages, UTC_MS } from './test/played.ts';
import { titled, unreadSince } from './title.ts';

test('the title counts what came in unseen, and an alarm goes before it', () => {
  const thread = { messages: messages(1, 10), earlier: false };
  assert.equal(unreadSince(thread, UTC_MS + 6 * 60_000), 2);
  assert.equal(unreadSince(thread, UTC_MS + 10 * 60_000), 0);
  assert.equal(titled(desk(), 0), 'Beijing to Moscow · Skykey');
  assert.equal(titled(desk(), 2), '(2) Beijing to Moscow · Skykey');
  const line = { ...desk().line, level: 'black' as const, alarm: alarm() };
  assert.equal(titled(desk({ line }), 2), 'Black · Beijing to Moscow · Skykey');
});
