// The web console in a real browser, over TLS, on the real programs: all that a tenant does with it, with names of keys
// that are out to harm, while the service comes and goes.

import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { csvRows } from '../support/analysis.mjs';
import { Console, DIST, NARROW, WIDE } from '../support/console.mjs';
import {
  alice, backups, browser, cache, front, hold, HOSTILE, KEYS, MIB, origin, receiver, redis, release, site, stall,
} from '../support/console_stage.mjs';
import { isSigned } from '../support/receiver.mjs';
import { until } from '../support/wait.mjs';

const ROWS = 10_000;
const SPARE = 149;

let ui, first, second, third, hook;

const page = () => ui.page;
const path = (...rest) => ['instances', cache.id, ...rest];

afterEach(async (t) => {
  if (ui === undefined) return;
  await ui.picture(`last-${t.name.replace(/\W+/g, '-').slice(0, 40)}`, { whole: false });
  // What one test left open must not fail the others.
  if (await page().locator('dialog[open]').count()) await page().keyboard.press('Escape');
});

const clean = (expected) => assert.deepEqual(ui.problems(expected), []);

// Analyses end when the worker says so; the page finds out by itself.
async function analysed(count) {
  await until('the analysis is listed as finished', async () =>
    await page().locator('table tbody tr').filter({ hasText: 'finished' }).count() === count);
}

test('the first load is small, whole, and asks nobody else', async (t) => {
  const wire = new Map();
  const measured = await browser.page(WIDE);
  const devtools = await measured.context().newCDPSession(measured);
  await devtools.send('Network.enable');
  await devtools.send('Network.setCacheDisabled', { cacheDisabled: true });
  devtools.on('Network.responseReceived', ({ requestId, response }) => wire.set(requestId, { url: response.url, bytes: 0 }));
  devtools.on('Network.loadingFinished', ({ requestId, encodedDataLength: bytes }) => { wire.get(requestId).bytes = bytes; });
  await measured.goto(`${origin}/console/`, { waitUntil: 'networkidle' });
  await measured.waitForSelector('form');
  const loaded = [...wire.values()];
  const bytes = loaded.reduce((sum, one) => sum + one.bytes, 0);
  const nodes = await measured.evaluate(() => document.querySelectorAll('*').length);
  t.diagnostic(`${loaded.length} requests, ${bytes} bytes, ${nodes} elements`);
  assert.ok(bytes > 20_000 && bytes < 120_000, `${bytes} bytes`);
  assert.ok(loaded.length <= 8, loaded.map(({ url }) => url).join(' '));
  assert.ok(nodes < 200, `${nodes} elements`);
  assert.ok(loaded.every(({ url }) => url.startsWith(origin) && !/uPlot/i.test(url)));
  await measured.close();
});

test('a wrong secret is refused, the right one lets in, and neither stays', async () => {
  ui = await Console.open(browser, origin, { path: `#/${path('analyses').join('/')}` });
  await ui.picture('sign-in');
  await ui.signIn({ ...alice.key, secret: 'not the secret' });
  await page().waitForSelector('[role=alert]');
  assert.match(await ui.text(), /These credentials were not accepted/);
  clean(/status of 401/);
  await ui.signIn(alice.key);
  await page().waitForSelector('.tabs');
  await ui.settled();
  assert.match(await ui.text('h1'), /^orders <b>&amp;$/);
  assert.match(page().url(), /\/analyses$/);
  const kept = await page().evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, document.body.innerHTML]));
  assert.ok(!kept.includes(alice.key.secret) && !kept.includes('not the secret'));
  clean();
});

test('the instances: health, memory, what runs', async () => {
  await ui.go('instances');
  const card = page().locator('.instance-card');
  assert.match(await card.innerText(), /orders <b>&amp;[\s\S]*healthy[\s\S]*carts and queues[\s\S]*of 1.0 GiB[\s\S]*never[\s\S]*none/);
  await card.getByRole('link', { name: /orders/ }).click();
  await ui.settled();
  assert.match(await ui.text(), /This instance was not analysed yet/);
  clean();
});

test('an analysis with options, from its start to its report', async () => {
  await ui.go(...path('analyses'));
  hold();
  await ui.button('Start analysis').click();
  const dialog = page().getByRole('dialog');
  await dialog.getByLabel('Encoding').check();
  await dialog.getByLabel('Separators').fill('::');
  assert.ok(await ui.button('Start', dialog).isDisabled());
  await dialog.getByLabel('Separators').fill(':/');
  await dialog.getByLabel('Keys per ranking').fill(String(ROWS));
  await ui.picture('start-analysis', { whole: false });
  await ui.button('Start', dialog).click();
  await dialog.waitFor({ state: 'detached' });
  await page().locator('.live').waitFor();
  await ui.go('instances');
  const bar = page().getByRole('progressbar');
  await bar.waitFor();
  assert.match(await bar.getAttribute('aria-valuetext'), /waiting for a worker|of [\d,]+ keys|keys|running/);
  await ui.go(...path('analyses'));
  const live = page().locator('.live [role=progressbar]');
  assert.match(await live.getAttribute('aria-valuetext'), /waiting for a worker|running|keys/);
  await ui.picture('live', { whole: false });
  release();
  await analysed(1);
  await page().locator('table').getByRole('link').first().click();
  await page().getByRole('heading', { name: 'Largest keys' }).waitFor();
  await ui.settled();
  first = page().url().split('/').pop();
  assert.deepEqual((await (await alice.client.get(`/ext/v1/${alice.projectId}/instances/${cache.id}/analyses/${first}`)).json).options,
    { measures: ['memory', 'ttl', 'encoding'], separators: ':/', prefix_depth: 8, top: ROWS });
  assert.match(await ui.text(), /by hand/);
  assert.match(await ui.text(), /Not everything could be measured\s+Size \([\d,]+ keys\): before Redis 7\.2/);
  await ui.picture('report');
  clean();
});

test('names that are out to harm are shown, and do nothing', async () => {
  const table = ui.section('Largest keys').getByRole('grid');
  const rows = (await table.locator('.vt-data').all()).slice(0, HOSTILE.length);
  const names = await Promise.all(rows.map((row) => row.locator('bdi.key').innerText()));
  for (const [name, shown] of HOSTILE) assert.ok(names.some((text) => text.startsWith(shown)), `${JSON.stringify(name)} of ${JSON.stringify(names)}`);
  for (const row of rows) assert.ok((await row.boundingBox()).height < 40);
  assert.equal(await page().locator('main img, main script, main b').count(), 0);
  await rows[names.findIndex((name) => name.startsWith('long:'))].click();
  const dialog = page().getByRole('dialog');
  assert.ok((await dialog.innerText()).includes('name cut here') || (await dialog.innerText()).includes(LONG));
  const box = await dialog.boundingBox();
  assert.ok(box.x >= 0 && box.x + box.width <= WIDE.width && box.y >= 0 && box.y + box.height <= WIDE.height, JSON.stringify(box));
  await ui.picture('long-name', { whole: false });
  await page().keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await ui.section('Largest keys').getByLabel('Find in names').fill('user:');
  assert.match(await ui.section('Largest keys').innerText(), /U\+202E/);
  await ui.section('Largest keys').getByLabel('Find in names').fill('');
  assert.deepEqual(await ui.overflow(), []);
  clean();
});

test('the treemap and the icicle, by mouse and by keyboard', async () => {
  const map = page().getByRole('listbox', { name: 'Largest keys by memory' });
  const whole = await map.boundingBox();
  const tip = map.locator('.chart-tip-name');
  for (let x = 10; ; x += 20) {
    assert.ok(x < whole.width, 'the largest key has a box of its own');
    await map.hover({ position: { x, y: 10 } });
    if ((await tip.textContent()).startsWith('<img')) break;
  }
  await page().mouse.down();
  await page().mouse.up();
  assert.match(await page().getByRole('dialog').innerText(), /<img src=x onerror=alert\(1\)>/);
  await page().keyboard.press('Escape');
  await page().getByRole('dialog').waitFor({ state: 'detached' });
  const option = map.getByRole('option');
  assert.match(await option.textContent(), /^<img/);
  await map.press('ArrowRight');
  await until('another box is chosen', async () => !/^<img/.test(await option.textContent()));
  const beside = await option.textContent();
  await map.press('Enter');
  assert.ok(beside.startsWith((await ui.text('dialog .key-box bdi')).slice(0, 20)), beside);
  await page().keyboard.press('Escape');
  await page().getByRole('dialog').waitFor({ state: 'detached' });

  const icicle = page().getByRole('listbox', { name: 'Prefixes by weight' });
  const trail = page().getByRole('navigation', { name: 'Prefix in focus' });
  // What is scrolled to must not come to lie below a pointer that rests.
  await page().mouse.move(1, 1);
  await icicle.focus();
  const named = async () => (await icicle.getByRole('option').textContent()).split('\n')[0];
  const inFocus = (name) => until(`${name} is in focus`, async () => await trail.locator('[aria-current]').innerText() === name);
  // A key that comes before the boxes are placed chooses none.
  await until('the whole is chosen', async () => await named() === 'All keys');
  await icicle.press('ArrowDown');
  await until('a prefix is chosen', async () => await named() !== 'All keys');
  const widest = await named();
  await icicle.press('Enter');
  await inFocus(widest);
  assert.match(await trail.innerText(), /^All keys\s+\S/);
  await icicle.press('Escape');
  await inFocus('All keys');
  const children = page().getByRole('grid', { name: 'Prefixes one level below' });
  await children.locator('.vt-data').filter({ hasText: 'shop:' }).click();
  await ui.picture('icicle', { whole: false });
  const area = await icicle.boundingBox();
  await icicle.click({ position: { x: area.width / 2, y: 50 } });
  await inFocus('item:');
  await children.locator('.vt-data').first().click();
  await until('one below is in focus', async () => /^\d:$/.test(await trail.locator('[aria-current]').innerText()));
  assert.match(await ui.section('Prefixes').innerText(), /There is no heavier prefix below this one/);
  await ui.button('↑ One level up').click();
  await trail.getByRole('button', { name: 'All keys' }).click();
  await inFocus('All keys');
  clean();
});

test('types, encodings and distributions are lists that add up', async () => {
  const types = await ui.section('Types').locator('ul.bars > li').allInnerTexts();
  assert.deepEqual(types.map((text) => text.split('\n')[0]), ['string', 'list', 'set', 'zset', 'hash', 'stream']);
  const table = await ui.section('Types').locator('table').first().locator('tbody tr').first().locator('td').allInnerTexts();
  assert.equal(Number(table[1].replaceAll(',', '')), KEYS + HOSTILE.length);
  await ui.section('Types').locator('summary').click();
  assert.match(await ui.section('Types').innerText(), /embstr[\s\S]*listpack/);
  const lifetimes = await ui.section('Distributions').locator('figure').first().locator('.bar-text').allInnerTexts();
  assert.equal(lifetimes.reduce((sum, text) => sum + Number(text.replaceAll(',', '')), 0), KEYS);
  clean();
});

test('ten thousand rows: a few in the page, all within reach', async () => {
  const grid = ui.section('Largest keys').getByRole('grid');
  assert.equal(await grid.getAttribute('aria-rowcount'), String(ROWS + 1));
  let most = 0;
  const seen = new Set();
  const height = await grid.evaluate((element) => element.scrollHeight);
  for (let top = 0; top <= height; top += Math.floor(height / 20)) {
    await grid.evaluate((element, to) => { element.scrollTop = to; }, top);
    await ui.settled();
    const rows = await grid.locator('[role=row][aria-rowindex]').evaluateAll((all) => all.map((row) => Number(row.getAttribute('aria-rowindex'))));
    most = Math.max(most, rows.length);
    rows.forEach((index) => seen.add(index));
    const [from, to] = await grid.evaluate((element) => [element.scrollTop, element.scrollTop + element.clientHeight].map((y) => y / 36));
    assert.ok(rows.includes(Math.ceil(from) + 2) && rows.includes(Math.floor(to)), `rows ${from} to ${to} are empty`);
  }
  assert.ok(most < 60 && seen.has(ROWS + 1) && seen.has(2), `${most} rows, ${seen.size} seen`);
  assert.ok(await page().evaluate(() => document.querySelectorAll('*').length) < 3000);
  await grid.focus();
  const active = () => grid.evaluate((element) => document.getElementById(element.getAttribute('aria-activedescendant'))?.getAttribute('aria-rowindex'));
  for (const [key, expected] of [['Home', 2], ['ArrowDown', 3], ['PageDown', 18], ['End', ROWS + 1], ['ArrowUp', ROWS]]) {
    await grid.press(key);
    await until(`${key} goes to row ${expected}`, async () => await active() === String(expected));
  }
  await grid.press('Enter');
  await page().getByRole('dialog').waitFor();
  await page().keyboard.press('Escape');
  await page().getByRole('button', { name: 'Name', exact: true }).first().click();
  await ui.settled();
  assert.equal(await grid.locator('[aria-sort=ascending]').count(), 1);
  clean();
});

test('every part is exported as it is shown', async () => {
  const csv = await ui.download(() => ui.section('Prefixes').getByRole('button', { name: 'Save as CSV' }).click());
  assert.match(csv.name, /\.csv$/);
  const [header, ...rows] = csvRows(csv.text);
  const shop = rows.find((row) => row[header.indexOf('prefix')] === 'shop:');
  assert.equal(Number(shop[header.indexOf('keys')]), KEYS);
  const keys = await ui.download(() => ui.section('Largest keys').getByRole('button', { name: 'Save as CSV' }).click());
  const [columns, ...ranked] = csvRows(keys.text);
  const names = ranked.map((row) => row[columns.indexOf('name')]);
  assert.equal(names.length, ROWS);
  assert.ok(names.includes("'=cmd|'/c calc'!A1"));
  const whole = await ui.download(() => ui.section('Export').getByRole('button', { name: 'Save as JSON' }).click());
  const document = JSON.parse(whole.text);
  assert.equal((document.result ?? document).largest_by_bytes.length, ROWS);
  clean();
});

test('hundreds of instances: found by name, id and state, wherever they are', async () => {
  await site.sql(`INSERT INTO instance (project_id, id, name, cache_mode, status, probed_at, capabilities, endpoints)
    SELECT $1, gen_random_uuid(), 'spare-' || n, 'single', CASE n WHEN 7 THEN 'ERROR' ELSE 'RUNNING' END, now(), '{}', '{127.0.0.1:1}'
    FROM generate_series(1, $2::integer) n`, [alice.projectId, SPARE]);
  await ui.go('instances');
  const cards = page().locator('.instance-card');
  const shows = (count, names) => until(`${count} instances, ${names} first`, async () =>
    (await ui.text('.tools')).includes(`${count} instance`) && await cards.count() && names.test(await cards.first().innerText()));
  await shows(SPARE + 1, /^spare-/);
  assert.equal(await cards.count(), 60);
  await ui.button('Next').click();
  await page().getByText('61 – 120 of 150').waitFor();
  assert.match(page().url(), /page=2/);
  const search = page().getByLabel('Find by name or ID');
  await search.fill('SPARE-7');
  await shows(11, /^spare-7/);
  assert.match(page().url(), /instances\?name=SPARE-7$/);
  await page().locator('.tools').getByLabel('Status').selectOption('not reachable');
  await shows(1, /^spare-7\s[\s\S]*not reachable/);
  await search.fill('nothing like that');
  await page().getByText('No instance matches').waitFor();
  await page().locator('.tools').getByLabel('Status').selectOption('All states');
  await search.fill('S <B>&');
  await shows(1, /^orders <b>&amp;/);
  await search.fill(cache.id);
  await page().waitForURL((url) => url.hash.endsWith(`name=${cache.id}`));
  await shows(1, /^orders <b>&amp;/);
  await ui.picture('search', { whole: false });
  await page().reload();
  await page().waitForSelector('form');
  await ui.signIn(alice.key);
  await shows(1, /^orders <b>&amp;/);
  assert.equal(await search.inputValue(), cache.id);
  clean();
});

test('a webhook: what it needs is said before it is sent, and its secret once', async () => {
  await ui.go('webhooks');
  assert.match(await ui.text(), /No webhooks yet/);
  await page().getByRole('link', { name: 'New webhook' }).click();
  await ui.settled();
  const save = ui.button('New webhook');
  await page().getByLabel('Name', { exact: true }).fill('alarm <i>');
  await page().getByLabel('Address').fill('https://user@localhost/');
  await page().getByText('An http or https address, without').waitFor();
  await page().getByLabel('Address').fill(receiver.url);
  assert.ok(await save.isEnabled());
  await page().getByLabel('Limit passed').check();
  await page().getByText('“Limit passed” needs a limit.').waitFor();
  assert.ok(await save.isDisabled());
  await ui.button('Add limit').click();
  assert.ok(await save.isDisabled());
  await page().getByLabel('More than').fill(String(3 * MIB / 2));
  await page().locator('.limit').getByLabel('Name').fill('é'.repeat(257));
  await page().getByText('At most 512 bytes').waitFor();
  assert.ok(await save.isDisabled());
  await page().locator('.limit').getByLabel('Name').fill('');
  const offered = page().getByRole('group', { name: /^Only these instances/ });
  assert.equal(await offered.getByRole('checkbox').count(), 10);
  await page().getByLabel('Find more instances').fill('orders');
  await offered.getByLabel('orders <b>&amp;').check();
  await ui.picture('webhook-new');
  await save.click();
  await page().getByText('The secret of this webhook').waitFor();
  const secret = await ui.text('code.secret');
  hook = page().url().split('/').pop();
  await ui.button('Send test event').click();
  await page().getByRole('table', { name: 'Deliveries' }).getByText('delivered').waitFor();
  assert.ok(isSigned(await receiver.waits('a test', ({ json }) => json.type === 'webhook.test'), secret));
  await ui.picture('webhook');
  clean();

  await ui.go('webhooks');
  assert.match(await ui.text('table'), /alarm <i>[\s\S]*Task finished, Task failed, Limit passed[\s\S]*on/);
  await ui.go('webhooks', hook);
  assert.equal(await page().locator('code.secret').count(), 0);
  assert.equal(await offered.getByRole('checkbox', { checked: true }).count(), 1);
  assert.ok(await offered.getByLabel('orders <b>&amp;').isChecked());
  await site.sql("DELETE FROM instance WHERE name LIKE 'spare-%'");
  clean();
});

test('a refusal is shown in words, with what the service said and the id of its log', async () => {
  await ui.go('webhooks', 'new');
  await page().getByLabel('Name', { exact: true }).fill('alarm <i>');
  await page().getByLabel('Address').fill('http://localhost/');
  await ui.button('New webhook').click();
  const alert = page().getByRole('alert');
  await alert.getByText('The service does not take this: Address').waitFor();
  assert.match(await alert.innerText(), /Invalid url in the request\.\s+DCS\.4800 · Request [0-9a-f]{32}/);
  await page().getByLabel('Address').fill(receiver.url);
  await ui.button('New webhook').click();
  await alert.getByText('There is a webhook of this name already').waitFor();
  assert.match(await alert.innerText(), /EXT\.0414 · Request [0-9a-f]{32}/);
  await ui.picture('refusal', { whole: false });
  await page().locator('select.choice').first().selectOption('zh');
  await alert.getByText('已有同名的 Webhook').waitFor();
  await page().locator('select.choice').first().selectOption('en');
  clean(/status of 4\d\d/);
});

test('a service of an older release: what it has not is named, and the rest goes on', async () => {
  const unknown = await alice.client.get(`/ext/v1/${alice.projectId}/nothing`);
  assert.equal(unknown.status, 404);
  await page().route(/\/(webhooks|analyses)\b/, (route) => route.fulfill({ status: 404, contentType: 'application/problem+json', body: unknown.body.toString() }));
  for (const to of [['webhooks'], path('analyses')]) {
    await ui.go(...to);
    await page().getByRole('alert').getByText('This release of the service can not do that').waitFor();
  }
  await ui.button('Start analysis').click();
  await ui.button('Start', page().getByRole('dialog')).click();
  await page().getByRole('dialog').getByText('This release of the service can not do that').waitFor();
  await page().keyboard.press('Escape');
  await page().unroute(/\/(webhooks|analyses)\b/);
  await ui.go(...path());
  assert.match(await ui.text(), /Recent tasks/);
  clean(/status of 404/);
});

test('a bar that moves while the task runs, and goes when it ends', async () => {
  await ui.go(...path('bigkey'));
  const stop = await stall();
  const far = new Set();
  try {
    await ui.button('Find big keys').click();
    const bar = page().locator('.live [role=progressbar]');
    await until('the bar has moved', async () => {
      const [, seen] = /^([\d,]+) of [\d,]+ keys/.exec(await bar.getAttribute('aria-valuetext')) ?? [];
      if (seen !== undefined) far.add(Number(seen.replaceAll(',', '')));
      return far.size >= 3;
    });
    await ui.picture('moving', { whole: false });
  } finally {
    await stop();
  }
  await page().locator('table tbody tr').filter({ hasText: 'finished' }).waitFor();
  await page().locator('.live').waitFor({ state: 'detached' });
  assert.deepEqual([...far], [...far].sort((a, b) => a - b));
  clean();
});

test('the data changes: what grew, what is new, what is gone, and how it went on', async () => {
  await redis.command('DEL', 'javascript:alert(1)//');
  await redis.command('SET', 'queue:<b>new</b>', 'v'.repeat(MIB));
  await redis.command('APPEND', 'user:\u202egpj.exe', 'v'.repeat(2 * MIB));
  await ui.go(...path('analyses'));
  await ui.button('Start analysis').click();
  await ui.button('Start', page().getByRole('dialog')).click();
  await analysed(2);
  await ui.button('Compare the last two', page()).or(page().getByRole('link', { name: 'Compare the last two' })).click();
  await page().getByRole('heading', { name: 'Prefixes' }).waitFor();
  await ui.settled();
  second = new URLSearchParams(page().url().split('?')[1]).get('after');
  const keys = ui.section('Keys');
  const shown = async (change) => {
    await keys.getByRole('button', { name: new RegExp(`^${change} `) }).click();
    return (await keys.locator('.vt-data').allInnerTexts()).join('\n');
  };
  assert.match(await shown('Grown'), /user:U\+202Egpj\.exe[\s\S]*\+\d\.\d MiB/);
  await ui.picture('comparison');
  assert.match(await shown('New'), /queue:<b>new<\/b>/);
  assert.match(await shown('Gone'), /javascript:alert\(1\)\/\//);
  const compared = await ui.download(() => page().getByRole('button', { name: 'Save as CSV' }).first().click());
  assert.ok(csvRows(compared.text).length > 3);
  const passed = await receiver.waits('a limit that was passed', ({ json }) => json.type === 'limit.passed');
  assert.ok(passed.body.includes('gpj.exe'));
  clean();
  await ui.go(...path('trends'));
  await page().locator('canvas').first().waitFor();
  assert.equal(await page().locator('table tbody tr').count(), 2);
  await page().getByLabel('Prefix', { exact: true }).fill('queue:');
  await ui.button('Show').click();
  await until('the course of the prefix', async () => /\+1\.\d MiB/.test(await ui.text('table')));
  await ui.picture('trends');
  const course = await ui.download(() => page().getByRole('button', { name: 'Save as CSV' }).first().click());
  assert.equal(csvRows(course.text).length, 3);
  clean();
});

test('dumps of a node and of a backup: estimated, and said to be, beside what was measured', async () => {
  await redis.command('SAVE');
  copyFileSync(join(redis.directory, 'dump.rdb'), join(backups, 'orders', 'nightly.rdb'));
  const dialog = page().getByRole('dialog');
  const start = async (source) => {
    await ui.go(...path('analyses'));
    await ui.button('Start analysis').click();
    await ui.button(source, dialog).click();
    await dialog.getByLabel('Node').waitFor();
  };
  const open = () => page().locator('table').getByRole('link').first().click();
  await start('Replication stream');
  assert.match(await dialog.innerText(), /The node forks once[\s\S]*127\.0\.0\.1:\d+ · primary · group-0/);
  assert.equal(await dialog.getByLabel('Encoding').count(), 0);
  assert.equal(await dialog.getByLabel('Keys per ranking').inputValue(), '500');
  await ui.picture('start-offline', { whole: false });
  await ui.button('Start', dialog).click();
  await analysed(3);
  assert.match(await page().locator('table tbody tr').first().innerText(), /Replication stream · 127\.0\.0\.1:\d+ \(primary\)/);
  await open();
  await page().getByRole('heading', { name: 'The dump' }).waitFor();
  await ui.settled();
  third = page().url().split('/').pop();
  assert.match(await ui.text(), /per key · estimated[\s\S]*Written by\s+(Redis |Valkey )?\d+\.\d+/);
  const prefixes = ui.section('Prefixes');
  await prefixes.getByLabel('Type').selectOption('hash');
  const rows = prefixes.locator('.vt-data');
  await until('those of hashes', async () => await rows.count() === 1);
  assert.match(await rows.innerText(), /^user:\s[\s\S]*500/);
  const saved = await ui.download(() => prefixes.getByRole('button', { name: 'Save as CSV' }).click());
  assert.ok(csvRows(saved.text).some((row) => row.includes('hash') && row.includes('user:')));
  await ui.picture('offline');

  await start('Backup');
  assert.match(await dialog.innerText(), /leaves the server alone/);
  await dialog.getByLabel('Name of the backup').fill('../nightly.rdb');
  await dialog.getByText('Letters, digits, dots').waitFor();
  assert.ok(await ui.button('Start', dialog).isDisabled());
  await dialog.getByLabel('Name of the backup').fill('nightly.rdb');
  await ui.button('Start', dialog).click();
  await analysed(4);
  assert.match(await page().locator('table tbody tr').first().innerText(), /Backup · nightly\.rdb/);
  await ui.button('Compare the last two', page()).or(page().getByRole('link', { name: 'Compare the last two' })).click();
  await page().getByRole('heading', { name: 'Prefixes' }).waitFor();
  assert.doesNotMatch(await ui.text(), /estimated from a dump/);
  await ui.go(...path(`compare?before=${second}&after=${third}`));
  await page().getByText('Memory of one was measured, of the other estimated from a dump').waitFor();
  await ui.picture('unlike', { whole: false });
  clean();
});

test('a schedule, typed in either zone and shown in both', async () => {
  await ui.go(...path('schedules'));
  const form = ui.section('Keyspace analysis');
  await form.getByLabel(/^Time \(Asia\/Shanghai\)/).fill('07:15');
  assert.match(await form.innerText(), /= 23:15 \(day before\) UTC/);
  await ui.button('Add', form).click();
  await ui.button('UTC').click();
  await form.getByLabel('Time (UTC)').fill('20:30');
  assert.match(await form.innerText(), /= 04:30 \(next day\) local/);
  await ui.button('Add', form).click();
  await form.getByLabel('Start by schedule').check();
  await ui.button('Save', form).click();
  await until('it is saved', async () => /Schedule saved/.test(await ui.text('.messages')));
  const kept = (await alice.client.get(`/ext/v1/${alice.projectId}/instances/${cache.id}/analysis-schedule`)).json;
  assert.deepEqual([kept.enable_auto_scan, kept.schedule_at], [true, ['20:30', '23:15']]);
  await ui.settled();
  assert.match(await form.innerText(), /20:30 UTC[\s\S]*04:30 \(next day\) local[\s\S]*23:15 UTC[\s\S]*07:15 \(next day\) local/);
  await ui.picture('schedules');
  clean();
});

test('the service goes and comes back: the page says so, and goes on by itself', async () => {
  await ui.go(...path());
  await site.server.stop();
  await page().getByText('The service can not be reached.').waitFor();
  assert.match(await ui.text(), /Last analysis/);
  await ui.picture('gone', { whole: false });
  await site.startServer({ console_directory: DIST });
  front.target = { host: '127.0.0.1', port: site.port };
  await page().getByText('The service can not be reached.').waitFor({ state: 'detached' });
  await redis.command('SET', 'after', 'v');
  await ui.go(...path('analyses'));
  assert.equal(await page().locator('table tbody tr').count(), 4);
  clean(/Failed to load resource: net::ERR_|status of 50[234]/);
});

test('in both languages, widths and colours: nothing hidden, nothing sticks out, nothing inaccessible', async () => {
  const views = {
    instances: ['instances'], overview: path(), analyses: path('analyses'), report: path('analyses', second), offline: path('analyses', third), trends: path('trends'),
    compare: path(`compare?before=${first}&after=${third}`), schedules: path('schedules'), bigkey: path('bigkey'), hotkey: path('hotkey'),
    expired: path('expired'), webhooks: ['webhooks'], webhook: ['webhooks', hook], missing: ['nowhere'],
  };
  const looks = [{ colorScheme: 'light', size: WIDE, language: 'en' }, { colorScheme: 'dark', size: NARROW, language: 'zh' }];
  for (const [i, look] of looks.entries()) {
    await ui.look(look);
    for (const [name, to] of Object.entries(views)) {
      await ui.go(...to);
      assert.deepEqual(await ui.overflow(), [], `${name} ${JSON.stringify(look)}`);
      assert.deepEqual(await ui.violations(), [], `${name} ${JSON.stringify(look)}`);
      await ui.picture(`${name}-${i}`, { whole: name === 'report' });
    }
  }
  assert.match(await ui.text('.top'), /实例/);
  // The other colours at each width.
  for (const look of [{ ...looks[0], colorScheme: 'dark' }, { ...looks[1], colorScheme: 'light' }]) {
    await ui.look(look);
    await ui.go(...views.report);
    assert.deepEqual([...await ui.overflow(), ...await ui.violations()], [], JSON.stringify(look));
    await ui.picture(`report-${look.colorScheme}-${look.size.width}`);
  }
  await ui.look({});
  clean();
});

test('one that runs is cancelled, one that ended is deleted', async () => {
  await ui.go(...path('analyses'));
  hold();
  await ui.button('Start analysis').click();
  await ui.button('Start', page().getByRole('dialog')).click();
  await ui.button('Cancel task').click();
  await ui.picture('cancel', { whole: false });
  await ui.button('Cancel task', page().getByRole('dialog')).click();
  release();
  await until('it is gone', async () => await page().locator('table tbody tr').count() === 4 && !await ui.button('Cancel task').count());
  await ui.button('Delete').first().click();
  await ui.button('Delete', page().getByRole('dialog')).click();
  await until('it is gone too', async () => await page().locator('table tbody tr').count() === 3);
  assert.equal((await site.client(alice.key).get(`/ext/v1/${alice.projectId}/instances/${cache.id}/analyses`)).json.count, 3);
  clean();
});

test('a webhook is changed, gets another secret, and is deleted', async () => {
  await ui.go('webhooks', hook);
  await page().getByLabel('Deliver events').uncheck();
  await ui.button('Save').click();
  await until('it is saved', async () => /Webhook saved/.test(await ui.text('.messages')));
  await ui.button('New secret').click();
  await ui.button('New secret', page().getByRole('dialog')).click();
  await page().getByText('The secret of this webhook').waitFor();
  const kept = (await site.client(alice.key).get(`/ext/v1/${alice.projectId}/webhooks/${hook}`)).json;
  assert.deepEqual([kept.enabled, kept.limits, kept.instance_ids], [false, [{ subject: 'key', bytes: 3 * MIB / 2 }], [cache.id]]);
  await ui.button('Delete').click();
  await ui.button('Delete', page().getByRole('dialog')).click();
  await page().getByText('No webhooks yet').waitFor();
  clean();
});

test('signed out: nothing of the project is left', async () => {
  await ui.button('Sign out').click();
  await page().waitForSelector('form');
  assert.doesNotMatch(await ui.text('body'), /orders/);
  assert.equal(await page().locator('.tabs').count(), 0);
  await page().goBack().catch(() => {});
  await page().waitForSelector('form');
  assert.doesNotMatch(await ui.text('body'), /orders/);
  clean();
});
