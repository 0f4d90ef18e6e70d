// The checker of histories, on histories made up for it: a good one that it finds no fault with, and for each
// rule one that breaks it and no other.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check } from '../support/history_checker.mjs';

const LEASE = 3000;

// A task of w1 that is lost to w2, which finishes it.  Every entry can be changed by its index.
function transitions(changes = {}) {
  const list = [
    { at: 100, op: 'INSERT', was: null, status: 'waiting', oldFence: null, fence: 0, attempt: 0, oldOwner: null, owner: null,
      oldUntil: null, until: 100, writer: 'server-1' },
    { at: 200, op: 'UPDATE', was: 'waiting', status: 'running', oldFence: 0, fence: 1, attempt: 1, oldOwner: null,
      owner: 'w1', oldUntil: 100, until: 200 + LEASE, writer: 'w1' },
    { at: 1200, op: 'UPDATE', was: 'running', status: 'running', oldFence: 1, fence: 1, attempt: 1, oldOwner: 'w1',
      owner: 'w1', oldUntil: 200 + LEASE, until: 1200 + LEASE, writer: 'w1' },
    { at: 4300, op: 'UPDATE', was: 'running', status: 'running', oldFence: 1, fence: 2, attempt: 2, oldOwner: 'w1',
      owner: 'w2', oldUntil: 1200 + LEASE, until: 4300 + LEASE, writer: 'w2' },
    { at: 6000, op: 'UPDATE', was: 'running', status: 'success', oldFence: 2, fence: 2, attempt: 2, oldOwner: 'w2',
      owner: null, oldUntil: 4300 + LEASE, until: null, writer: 'w2' },
  ];
  return list.map((entry, i) => ({ seq: i + 1, task: 't', instance: 'i', scanType: 'manual', failure: null, ...entry,
    ...changes[i] }));
}

const create = { name: 'key-1', op: 'create', instance: 'i', sentAt: 90, answeredAt: 110, status: 200, task: 't', state: 'waiting' };
const read = { name: null, op: 'read', instance: 'i', sentAt: 300, answeredAt: 310, status: 200, task: 't', state: 'running' };
const result = { seq: 6, at: 6000, op: 'INSERT', task: 't', digest: 'good', writer: 'w2' };

function history(parts = {}) {
  return {
    transitions: transitions(),
    requests: [create, read, { ...read, sentAt: 6100, answeredAt: 6110, state: 'success' }],
    results: [result],
    work: [],
    events: [{ at: 1500, kind: 'killed', target: 'w1', tasks: ['t'] }],
    ...parts,
  };
}

const STRICT = { reference: { i: 'good' }, takeOverMs: 3000, repeatedMs: 1000, attemptsMax: 2, allSucceed: true };
const WORK = { work: [{ task: 't', asked: 1500, usual: 1000 }] };
const without = (list, index) => list.filter((_, i) => i !== index);
const failedAt = (at, more) => ({ at, status: 'failed', failure: 'given up', writer: 'w3', ...more });

test('a good history has no fault, and its figures', () => {
  const { violations, figures } = check(history(WORK), STRICT);
  assert.deepEqual(violations, []);
  assert.deepEqual(figures, { tasks: 1, failed: 0, lost: 0, stuck: 0, doubled: 0, late: 0, takeOvers: [2800], repeated: [1000] });
});

test('what is allowed, though it looks odd', () => {
  const repeat = { ...create, sentAt: 120, answeredAt: 130 };
  const cut = { ...create, answeredAt: null, status: null, task: null, state: null };
  for (const [what, parts] of Object.entries({
    'a request sent again': { requests: [cut, create, repeat] },
    'a request of which no answer came': { requests: [cut] },
    'one of which nothing came at all': { requests: [create, { ...cut, name: 'key-2' }] },
    'a refusal': { requests: [create, { ...create, name: 'key-2', status: 400, task: null }] },
    'a record that was retired': { transitions: [...transitions(),
      { ...transitions()[4], seq: 6, at: 9000, op: 'DELETE', was: 'success', status: null, writer: 'server-1' }],
    results: [result, { ...result, seq: 7, op: 'DELETE' }] },
    'a task that its client deleted': { transitions: [...transitions().slice(0, 3),
      { ...transitions()[2], seq: 6, at: 2000, op: 'DELETE', was: 'running', status: null, writer: 'server-1' }],
    results: [], requests: [create, { ...read, op: 'delete', state: null }] },
    'a task that was given back': { transitions: transitions({
      2: { owner: null, until: 1200, attempt: 0 }, 3: { at: 1300, oldOwner: null, oldUntil: 1200, attempt: 1 } }) },
    'a write of the killed worker that was on its way': { transitions: without(transitions(
      { 4: { at: 1501, writer: 'w1', fence: 1, oldFence: 1, oldOwner: 'w1' } }), 3), results: [{ ...result, writer: 'w1' }] },
  })) assert.deepEqual(check(history(parts), STRICT).violations, [], what);
  const givenUp = history({ transitions: transitions({ 4: failedAt(8000) }), results: [], requests: [create, read] });
  assert.deepEqual(check(givenUp, { ...STRICT, allSucceed: false }).violations, [], 'given up by anybody');
});

// rule: [what, parts, rules]
const BROKEN = [
  ['lost', 'an acknowledged task that is not there', { transitions: [], results: [] }],
  ['lost', 'a client is told that it does not exist', { requests: [create, { ...read, status: 400, state: 'absent' }] }],
  ['lost', 'deleted unfinished, which nobody asked for', { transitions: [...transitions().slice(0, 3),
    { ...transitions()[2], seq: 6, at: 2000, op: 'DELETE', status: null }], results: [] }],
  ['stuck', 'it waits at the end', { transitions: transitions().slice(0, 1), results: [], requests: [create] }],
  ['stuck', 'it runs at the end', { transitions: transitions().slice(0, 4), results: [], requests: [create] }],
  ['results', 'a success without a result', { results: [] }],
  ['results', 'two results', { results: [result, { ...result, seq: 7 }] }],
  ['results', 'a result that changed', { results: [result, { ...result, seq: 7, op: 'UPDATE' }] }],
  ['results', 'a failure with a result', { transitions: transitions({ 4: failedAt(6000, { writer: 'w2' }) }) }, { ...STRICT, allSucceed: false }],
  ['results', 'a result without a task', { results: [result, { ...result, task: 'other' }] }],
  ['result', 'another result than undisturbed', { results: [{ ...result, digest: 'bad' }] }],
  ['transition', 'from waiting to success', { transitions: [transitions()[0], { ...transitions()[4], was: 'waiting', writer: 'w2' }],
    results: [{ ...result, writer: undefined }] }],
  ['transition', 'back to waiting', { transitions: transitions({ 2: { status: 'waiting' }, 3: { was: 'waiting' } }) }],
  ['transition', 'a write after the end', { transitions: [...transitions(),
    { ...transitions()[4], seq: 7, at: 7000, was: 'success', oldOwner: null, oldUntil: null }] }],
  ['fence', 'a fence that falls', { transitions: transitions({ 2: { oldFence: 2 } }) }],
  ['fence', 'a claim under the fence of an earlier one', { transitions: transitions({ 3: { oldFence: 0, fence: 1 } }) }],
  ['fence', 'taken up without a new fence', { transitions: without(transitions({ 1: { fence: 0 }, 3: { oldFence: 0 } }), 2), events: [] }],
  ['late', 'a heartbeat of the worker before', { transitions: [...transitions().slice(0, 4),
    { ...transitions()[3], seq: 4.5, at: 4400, oldFence: 2, oldOwner: 'w2', writer: 'w1' }, transitions()[4]] }],
  ['late', 'a heartbeat after it was given back', { transitions: [...transitions({ 2: { owner: null } }).slice(0, 3),
    { ...transitions()[2], seq: 3.5, at: 1250, oldOwner: null }, ...transitions().slice(3)] }],
  ['late', 'the worker before ends it', { transitions: transitions({ 4: { writer: 'w1' } }) }],
  ['late', 'given up while its lease runs', { transitions: transitions({ 4: failedAt(6000) }), results: [], requests: [create] },
    { ...STRICT, allSucceed: false }],
  ['late', 'the worker before stores the result', { results: [{ ...result, writer: 'w1' }] }],
  ['overlap', 'claimed within a lease', { transitions: transitions({ 3: { at: 4100 } }) }],
  ['overlap', 'claimed within its own lease', { transitions: transitions({ 3: { at: 4100, owner: 'w1', writer: 'w1' },
    4: { oldOwner: 'w1', writer: 'w1' } }), results: [{ ...result, writer: 'w1' }] }],
  ['overlap', 'claimed before it was due', { transitions: transitions({ 1: { oldUntil: 250 } }) }],
  ['overlap', 'an owner without a claim', { transitions: transitions({ 2: { owner: 'w2' }, 3: { oldOwner: 'w2' } }),
    events: [] }],
  ['doubled', 'two tasks of one key', { requests: [create, { ...create, sentAt: 120, task: 'u' }],
    transitions: [...transitions(), ...transitions().map((entry) => ({ ...entry, seq: entry.seq + 10, task: 'u' }))],
    results: [result, { ...result, task: 'u' }] }],
  ['doubled', 'a task of nobody', { transitions: [...transitions(),
    ...transitions().map((entry) => ({ ...entry, seq: entry.seq + 10, task: 'u' }))], results: [result, { ...result, task: 'u' }] }],
  ['backwards', 'running after success', { requests: [create, { ...read, state: 'success' }, { ...read, sentAt: 320, answeredAt: 330 }] }],
  ['take_over', 'too long without a worker', {}, { ...STRICT, takeOverMs: 2799 }],
  ['take_over', 'too long until it was handed over', { events: [{ at: 1500, kind: 'told', target: 'w1', tasks: ['t'] }] },
    { ...STRICT, handOverMs: 2799 }],
  ['repeated', 'too much done again', WORK, { ...STRICT, repeatedMs: 999 }],
  ['attempts', 'tried too often', {}, { ...STRICT, attemptsMax: 1 }],
  ['failed', 'failed', { transitions: transitions({ 4: failedAt(8000) }), results: [], requests: [create] }],
  ['reason', 'failed without a reason', { transitions: transitions({ 4: failedAt(8000, { failure: null }) }), results: [],
    requests: [create] }, { ...STRICT, allSucceed: false }],
  ['claims', 'claimed twice', {}, { ...STRICT, claimedOnce: true }],
];

for (const [rule, what, parts, rules = STRICT] of BROKEN) {
  test(`${rule}: ${what}`, () => {
    const { violations } = check(history(parts), rules);
    assert.ok(violations.length > 0, 'it is found');
    assert.deepEqual([...new Set(violations.map((violation) => violation.rule))], [rule], JSON.stringify(violations));
  });
}

test('every rule has a history that breaks it', async () => {
  const { readFileSync } = await import('node:fs');
  const source = readFileSync(new URL('../support/history_checker.mjs', import.meta.url), 'utf8');
  const rules = new Set([...source.matchAll(/fault\('(\w+)'/g)].map((match) => match[1]));
  assert.deepEqual([...rules].sort(), [...new Set(BROKEN.map(([rule]) => rule))].sort());
});
