import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Store } from './store.ts';

test('drawings hear every change, views one per interval, and the last value always arrives', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const store = new Store(0, 100);
    let heard = 0;
    let seen = 0;
    store.watch(() => heard++);
    const leave = store.view(() => seen++);
    for (let value = 1; value <= 20; value++) store.update(() => value);
    assert.equal(heard, 20);
    assert.equal(store.latest, 20);
    assert.equal(store.shown(), 0);
    mock.timers.tick(100);
    assert.equal(seen, 1);
    assert.equal(store.shown(), 20);
    store.update((before) => before);
    mock.timers.tick(1000);
    assert.equal(seen, 1, 'an unchanged value is no change');
    leave();
    store.update(() => 21);
    mock.timers.tick(1000);
    assert.equal(seen, 1);
    assert.equal(store.shown(), 21);
  } finally {
    mock.timers.reset();
  }
});
