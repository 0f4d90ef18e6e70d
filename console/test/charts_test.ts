// What the charts decide before they draw.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathOf } from '../src/charts/icicle';
import { worthShowing } from '../src/charts/treemap';
import type { IcicleNode, TreemapItem } from '../src/charts/types';

const item = (id: string, value: number): TreemapItem => ({ id, name: id, value, tone: 'string', description: id });

test('treemap: what would be a dot goes to the rest, nothing is lost', () => {
  const items = [item('small', 1), item('large', 9_000), item('none', 0), item('middle', 999)];
  const { shown, count, sum } = worthShowing(items, 10_000);
  assert.deepEqual(shown.map(({ id }) => id), ['large', 'middle']);
  assert.deepEqual([count, sum], [1, 1]);
});

test('treemap: a million times the same is one rest', () => {
  const { shown, count, sum } = worthShowing(Array.from({ length: 1_000_000 }, (_, i) => item(String(i), 1)), 400_000);
  assert.deepEqual([shown.length, count, sum], [0, 1_000_000, 1_000_000]);
});

test('treemap: nothing to show', () => assert.deepEqual(worthShowing([item('a', 0)], 100), { shown: [], count: 0, sum: 0 }));

const node = (id: string, ...children: IcicleNode[]): IcicleNode =>
  ({ id, name: id, value: 1, tone: 'string', description: id, children });

test('icicle: the way to a node', () => {
  const root = node('', node('a:', node('a:b:')), node('c:'));
  assert.deepEqual(pathOf(root, 'a:b:').map(({ id }) => id), ['', 'a:', 'a:b:']);
  assert.deepEqual(pathOf(root, '').map(({ id }) => id), ['']);
  assert.deepEqual(pathOf(root, 'gone:').map(({ id }) => id), ['']);
});
