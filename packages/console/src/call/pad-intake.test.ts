import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PadIntake } from './pad-intake.ts';

const given = (use: 'send' | 'receive', block: number, bytes = 'AQID') => ({
  ...{ padId: `pad/${use}/${block}`, block, use, bytes },
});

describe('the pads of a call', () => {
  it('go to the media room as they came, and are named to the site until they are used up', () => {
    const intake = new PadIntake();
    const messages = intake.after([given('send', 0), given('receive', 0), given('send', 1)]);
    assert.deepEqual(
      messages.map(({ use, block, bytes }) => [use, block, ...bytes]),
      [
        ['seal', 0, 1, 2, 3],
        ['open', 0, 1, 2, 3],
        ['seal', 1, 1, 2, 3],
      ],
    );
    assert.deepEqual(intake.have([0, 1]), ['pad/send/0', 'pad/send/1']);
    assert.deepEqual(intake.have([1]), ['pad/send/1']);
    assert.deepEqual(intake.have([0, 1]), ['pad/send/1'], 'what was used up does not come back');
  });

  it('are left out where they are none, and then not named either', () => {
    const intake = new PadIntake();
    assert.deepEqual(intake.after([given('send', 0, 'no base64 %')]), []);
    assert.deepEqual(intake.have([0]), []);
  });
});
