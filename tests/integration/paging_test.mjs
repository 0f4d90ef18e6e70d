// Pages: newest first, and what the walk of an existing client sees while tasks are being created at the head.
//
// Offsets count from the newest.  With k new records between two pages the second one begins k records earlier:
// the last k of the page before come again, none is left out.  With deletions it is the other way round.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { World } from '../support/site.mjs';

let world, site, alice, client, cache;

before(async () => {
  world = await World.open();
  site = await world.site();
  alice = await site.tenant('alice');
  client = alice.client;
  cache = await alice.instance('cache', '127.0.0.1:1', '--no-probe');
  await site.sql(`UPDATE instance SET status = 'RUNNING', probed_at = now(),
    capabilities = '{bigkey,hotkey,expired}' WHERE id = $1`, [cache.id]);
});
after(() => world?.close());

const LISTS = {
  bigkey: { create: () => cache.create, list: () => cache.list },
  hotkey: { create: () => cache.createHot, list: () => cache.listHot },
  expired: { create: () => cache.expired, list: () => cache.histories },
};

// A task that has ended, made by the API.
const make = async (kind = 'bigkey') => {
  const { id } = await cache.start(LISTS[kind].create());
  await site.sql(`UPDATE scan_task SET status = 'failed', failure = 'test', finished_at = now(), claimable_at = NULL
    WHERE id = $1`, [id]);
  return id;
};

const fill = async (kind, count) => {
  const ids = [];
  for (let i = 0; i < count; i++) ids.unshift(await make(kind));
  return ids;
};

beforeEach(() => site.sql('DELETE FROM scan_task'));

// As the provider does it: no limit, the first array of the body, until it is empty.
async function walk(path, { between = async () => {}, most = 100 } = {}) {
  const pages = [];
  for (let offset = 0; ;) {
    assert.ok(pages.length < most, 'the walk ends');
    const answer = await client.get(`${path}?offset=${offset}`);
    assert.equal(answer.status, 200, answer.body);
    const arrays = Object.values(answer.json).filter(Array.isArray);
    assert.equal(arrays.length, 1);
    if (arrays[0].length === 0) return pages;
    pages.push(arrays[0].map((record) => record.id ?? record.instance_id));
    offset += arrays[0].length;
    await between(pages);
  }
}

for (const kind of Object.keys(LISTS)) {
  test(`${kind}: at rest, each record once, newest first`, async () => {
    const ids = await fill(kind, 25);
    const pages = await walk(LISTS[kind].list());
    assert.deepEqual(pages.map((page) => page.length), [10, 10, 5]);
    assert.deepEqual(pages.flat(), ids);
  });

  test(`${kind}: while one is created between any two pages, each record that was there is seen`, async () => {
    const ids = await fill(kind, 25);
    const made = [];
    const pages = await walk(LISTS[kind].list(), {
      between: async () => { if (made.length < 5) made.push(await make(kind)); },
    });
    const seen = pages.flat();
    // Each of the old ones at least once; the new ones at the head are not seen; what comes again is one record
    // for each one created, the last of a page as the first of the next.
    assert.deepEqual([...new Set(seen)], ids);
    assert.ok(made.every((id) => !seen.includes(id)));
    for (let i = 1; i < pages.length; i++) assert.equal(pages[i][0], pages[i - 1].at(-1));
    assert.equal(seen.length, ids.length + pages.length - 1);
  });
}

test('a client that leaves out what it has seen has each record once, under creations all the time', async () => {
  const ids = await fill('bigkey', 30);
  let stop = false;
  const creating = (async () => {
    for (let i = 0; i < 40 && !stop; i++) await make();
  })();
  let pages;
  try {
    pages = await walk(cache.list);
  } finally {
    stop = true;
    await creating;
  }
  const seen = [...new Set(pages.flat())];
  assert.deepEqual(seen.filter((id) => ids.includes(id)), ids, 'in order, none left out');
  assert.ok(pages.length < 20);
});

test('records of one moment have one order', async () => {
  await fill('bigkey', 25);
  await site.sql(`UPDATE scan_task SET created_at = '2026-01-01'`);
  const ids = (await site.sql('SELECT id FROM scan_task ORDER BY id DESC')).map((row) => row.id);
  assert.deepEqual((await walk(cache.list)).flat(), ids);
});

test('one that is deleted between two pages moves the rest up: one is not seen', async () => {
  const ids = await fill('bigkey', 25);
  let deleted = false;
  const pages = await walk(cache.list, {
    between: async () => {
      if (!deleted) assert.equal((await client.delete(cache.task(ids[0]))).status, 200);
      deleted = true;
    },
  });
  assert.deepEqual(pages.flat(), ids.filter((id) => id !== ids[10]));
});

test('a page that is filtered counts what matches', async () => {
  const ids = await fill('bigkey', 12);
  await cache.start();
  const answer = await client.get(`${cache.list}?status=failed&offset=10`);
  assert.deepEqual([answer.json.count, answer.json.records.map((r) => r.id)], [12, ids.slice(10)]);
});

test('a hundred records are kept of a kind, the walk ends while the oldest go', async () => {
  const ids = await fill('bigkey', 100);
  const hot = await make('hotkey');
  const pages = await walk(cache.list, { between: () => make() });
  assert.equal((await client.get(cache.list)).json.count, 100);
  assert.equal((await client.get(cache.listHot)).json.records[0].id, hot);
  const seen = [...new Set(pages.flat())];
  assert.deepEqual(seen, ids.slice(0, seen.length));
  assert.ok(seen.length >= 100 - pages.length);
});

test('instances: the walk sees each once', async () => {
  const ids = [cache.id];
  for (let i = 0; i < 12; i++) ids.unshift((await alice.instance(`more-${i}`, '127.0.0.1:1', '--no-probe')).id);
  assert.deepEqual((await walk(alice.instances)).flat(), ids);
});
