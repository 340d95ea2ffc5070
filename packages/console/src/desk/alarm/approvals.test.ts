import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeskPerson } from '@skykey/telemetry';
import { alarm } from '../test/played.ts';
import { approvalAct, places, wanting } from './approvals.ts';

const person = (...roles: DeskPerson['roles'][number][]): DeskPerson => ({ id: 'p-1', name: 'Li Wei', roles });
const own = (...names: string[]) => alarm({ approvals: { own: names, peer: ['Li Wei'] } });

test('an approver approves once, and may take it back', () => {
  assert.equal(approvalAct(own(), person('approver')), 'approve');
  assert.equal(approvalAct(own('Chen Fang'), person('speaker', 'approver')), 'approve');
  assert.equal(approvalAct(own('Chen Fang', 'Li Wei'), person('approver')), 'withdraw');
  assert.equal(approvalAct(own('p-1'), person('approver')), 'withdraw');
});

test('nobody else may, and a namesake on the other side is not this person', () => {
  assert.equal(approvalAct(own(), person('speaker', 'operator')), 'none');
  assert.equal(approvalAct(own('Li Wei'), person('speaker')), 'none');
  assert.equal(approvalAct(own(), person('approver')), 'approve');
});

test('places are as many as needed, and who spoke is always seen', () => {
  assert.deepEqual(places([], 2), [null, null]);
  assert.deepEqual(places(['a'], 2), ['a', null]);
  assert.deepEqual(places(['a', 'b', 'c'], 2), ['a', 'b', 'c']);
  assert.deepEqual([wanting([], 2), wanting(['a'], 2), wanting(['a', 'b', 'c'], 2)], [2, 1, 0]);
});
