// The web console in a real browser, over TLS, on the real programs: all that a tenant does with it, with names of keys
// that are out to harm, while the service comes and goes.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { csvRows } from '../support/analysis.mjs';
import { Browser } from '../support/browser.mjs';
import { Console, DIST, NARROW, WIDE } from '../support/console.mjs';
import { Proxy } from '../support/proxy.mjs';
import { World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const KEYS = 11_000;
const ROWS = 10_000;
const MIB = 1024 * 1024;
const LONG = `long:${'x'.repeat(4096)}`;
// With what the page must show of each.
const HOSTILE = [
  ['<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'],
  ['"\'><script>alert(document.domain)</script>', '"\'><script>alert(document.domain)</script>'],
  ['javascript:alert(1)//', 'javascript:alert(1)//'],
  ['user:\u202egpj.exe', 'user:U+202Egpj.exe'],
  ['مفتاح:المستخدم', 'مفتاح:المستخدم'],
  ['👩‍👩‍👧‍👦:🏳️‍🌈', '👩‍👩‍👧‍👦:🏳️‍🌈'],
  [Buffer.from([0x72, 0x61, 0x77, 0x3a, 0xff, 0xfe, 0x5c, 0x78]), 'raw:\\xff\\xfe\\x'],
  ['line\nbreak\ttab\0end', 'line\\nbreak\\ttab\\0end'],
  ['__proto__:constructor', '__proto__:constructor'],
  ['=cmd|\'/c calc\'!A1', '=cmd|\'/c calc\'!A1'],
  ['${7*7}{{7*7}}%s', '${7*7}{{7*7}}%s'],
  [LONG, 'long:xxx'],
];

let world, site, alice, cache, redis, browser, front, origin, ui, first, second;

const page = () => ui.page;
const path = (...rest) => ['instances', cache.id, ...rest];

// A scan goes no further while its Redis is stopped.
const hold = () => redis.program.signal('SIGSTOP');
const release = () => redis.program.signal('SIGCONT');

const fill = (script, ...args) => redis.command('EVAL', script, 0, ...args);

before(async () => {
  world = await World.open();
  redis = await world.redis({ options: { maxmemory: '1gb', 'maxmemory-policy': 'allkeys-lru' } });
  await fill(`for i = 1, tonumber(ARGV[1]) do
    redis.call('SET', 'shop:item:' .. i % 7 .. ':' .. i, string.rep('v', i % 300), 'EX', 3600 * (1 + i % 300)) end
    for i = 1, 500 do redis.call('HSET', 'user:' .. i .. ':profile', 'name', 'n' .. i, 'age', i % 90) end
    for i = 1, 3000 do redis.call('RPUSH', 'queue:mail', 'element:' .. i) end
    for i = 1, 2000 do redis.call('ZADD', 'board:world', i, 'player:' .. i) end
    for i = 1, 100 do redis.call('XADD', 'events:clicks', i .. '-0', 'page', '/' .. i) end
    for i = 1, 200 do redis.call('SADD', 'tags:' .. i, i, i + 1) end`, KEYS);
  for (const [i, [name]] of HOSTILE.entries()) await redis.command('SET', name, 'v'.repeat(i === 0 ? MIB : MIB / 4));
  site = await world.site({ workers: 1, server: { console_directory: DIST } });
  front = await Proxy.start({ host: '127.0.0.1', port: site.port });
  world.onClose(() => front.stop());
  origin = `https://127.0.0.1:${front.port}`;
  alice = await site.tenant('alice');
  cache = await alice.instance('orders <b>&amp;', redis.endpoint, '--description', 'carts and queues');
  browser = await Browser.start({ trusted: [world.certificates.certificate] });
  world.onClose(() => browser.stop());
});
after(() => world?.close());

afterEach(async (t) => {
  if (ui !== undefined) await ui.picture(`last-${t.name.replace(/\W+/g, '-').slice(0, 40)}`, { whole: false });
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
  await until('it is on the page', () => ui.button('Start analysis').isDisabled());
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
  const beside = await option.textContent();
  assert.doesNotMatch(beside, /^<img/);
  await map.press('Enter');
  assert.ok(beside.startsWith((await ui.text('dialog .key-box bdi')).slice(0, 20)), beside);
  await page().keyboard.press('Escape');

  const icicle = page().getByRole('listbox', { name: 'Prefixes by weight' });
  const trail = page().getByRole('navigation', { name: 'Prefix in focus' });
  await icicle.focus();
  await icicle.press('ArrowDown');
  const widest = (await icicle.getByRole('option').textContent()).split('\n')[0];
  await icicle.press('Enter');
  assert.match(await trail.innerText(), /^All keys\s+\S/);
  assert.equal((await trail.locator('[aria-current]').innerText()), widest);
  await icicle.press('Escape');
  assert.equal(await trail.locator('[aria-current]').innerText(), 'All keys');
  const children = page().getByRole('grid', { name: 'Prefixes one level below' });
  await children.locator('.vt-data').filter({ hasText: 'shop:' }).click();
  await ui.picture('icicle', { whole: false });
  const area = await icicle.boundingBox();
  await icicle.click({ position: { x: area.width / 2, y: 50 } });
  assert.equal(await trail.locator('[aria-current]').innerText(), 'item:');
  await children.locator('.vt-data').first().click();
  assert.match(await trail.locator('[aria-current]').innerText(), /^\d:$/);
  assert.match(await ui.section('Prefixes').innerText(), /There is no heavier prefix below this one/);
  await ui.button('↑ One level up').click();
  await trail.getByRole('button', { name: 'All keys' }).click();
  assert.equal(await trail.locator('[aria-current]').innerText(), 'All keys');
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
  clean();
  await ui.go(...path('trends'));
  await page().locator('canvas').first().waitFor();
  assert.equal(await page().locator('table tbody tr').count(), 2);
  await page().getByLabel('Prefix', { exact: true }).fill('queue:');
  await ui.button('Show').click();
  await until('the course of the prefix', async () => /\+1\.\d MiB/.test(await ui.text('table')));
  await ui.picture('trends');
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
  assert.equal(await page().locator('table tbody tr').count(), 2);
  clean(/Failed to load resource: net::ERR_|status of 50[234]/);
});

test('in both languages, widths and colours: nothing hidden, nothing sticks out, nothing inaccessible', async () => {
  const views = {
    instances: ['instances'], overview: path(), analyses: path('analyses'), report: path('analyses', second), trends: path('trends'),
    compare: path(`compare?before=${first}&after=${second}`), schedules: path('schedules'), bigkey: path('bigkey'), hotkey: path('hotkey'),
    expired: path('expired'), missing: ['nowhere'],
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
  await until('it is gone', async () => await page().locator('table tbody tr').count() === 2 && !await ui.button('Cancel task').count());
  await ui.button('Delete').first().click();
  await ui.button('Delete', page().getByRole('dialog')).click();
  await until('it is gone too', async () => await page().locator('table tbody tr').count() === 1);
  assert.equal((await site.client(alice.key).get(`/ext/v1/${alice.projectId}/instances/${cache.id}/analyses`)).json.count, 1);
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
