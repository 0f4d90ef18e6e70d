// Autoscan configurations of all three kinds: stored and answered exactly, and every malformation refused.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertAnswer, assertError, assertGolden } from '../support/golden.mjs';
import { json } from '../support/http.mjs';
import { World } from '../support/site.mjs';

const UNKNOWN = '00000000-0000-4000-8000-000000000000';
const FIRST = 'The first_scan_at parameter is invalid. Its must be ISO format utc date-time. '
  + 'The time must be later than the current time.';

let world, site, alice, client, cache;

before(async () => {
  world = await World.open();
  site = await world.site();
  alice = await site.tenant('alice');
  client = alice.client;
  cache = await alice.instance('cache', '127.0.0.1:1', '--no-probe');
});
after(() => world?.close());

const times = () => [cache.autoscan, cache.autoscanHot];
const put = (path, body) => client.put(path, json(body));
const putBytes = (path, body) => client.put(path, { body });
const RIGHT = {
  enable_auto_scan: true, first_scan_at: '2099-01-01T00:00:00.000Z', interval: 60, timeout: 120, scan_keys_count: 100,
};

test('never configured', async () => {
  for (const path of times())
    assertGolden(await client.get(path), 200, '{"instance_id":"<1>","enable_auto_scan":false,"schedule_at":[]}');
  assertGolden(await client.get(cache.autoscanExpired), 200, '{"instance_id":"<1>","enable_auto_scan":false}');
});

test('times of day: sorted, duplicates folded, each kind for itself', async () => {
  const [big, hot] = times();
  assertGolden(await put(big, { enable_auto_scan: true, schedule_at: ['23:59', '00:00', '12:30', '00:00'] }), 200,
    '{"instance_id":"<1>","enable_auto_scan":true,"schedule_at":["00:00","12:30","23:59"],"updated_at":"<time>"}');
  assertGolden(await client.get(hot), 200, '{"instance_id":"<1>","enable_auto_scan":false,"schedule_at":[]}');
  assertGolden(await put(hot, { enable_auto_scan: false, schedule_at: ['01:00'] }), 200,
    '{"instance_id":"<1>","enable_auto_scan":false,"schedule_at":["01:00"],"updated_at":"<time>"}');
  assertGolden(await put(big, { enable_auto_scan: false, schedule_at: [] }), 200,
    '{"instance_id":"<1>","enable_auto_scan":false,"schedule_at":[],"updated_at":"<time>"}');
  const day = Array.from({ length: 24 }, (_, hour) => `${String(hour).padStart(2, '0')}:15`);
  assert.deepEqual((await put(big, { enable_auto_scan: true, schedule_at: [...day].reverse() })).json.schedule_at, day);
  assert.deepEqual((await client.get(big)).json.schedule_at, day);
});

test('the row has the next time', async () => {
  const next = async () => (await site.sql(`SELECT next_at IS NULL AS none, next_at > now() AS later,
    next_at <= now() + interval '1 day' AS soon, to_char(next_at AT TIME ZONE 'UTC', 'HH24:MI') AS at
    FROM autoscan WHERE kind = 'bigkey' AND instance_id = $1`, [cache.id]))[0];
  for (const time of ['00:00', '11:11', '23:59']) {
    await put(cache.autoscan, { enable_auto_scan: true, schedule_at: [time] });
    assert.deepEqual(await next(), { none: 'f', later: 't', soon: 't', at: time });
  }
  await put(cache.autoscan, { enable_auto_scan: false, schedule_at: ['00:00'] });
  assert.equal((await next()).none, 't');
});

test('malformed times of day', async () => {
  const bad = ['', '1:00', '24:00', '23:60', '12:5', '12:30:00', '12.30', ' 12:30', '12:30 ', '12:30Z', '-1:00', '+1:00',
    '1２:30', 'noon', '12:3a', '99:99', '12:30\n', 'x'.repeat(10000), 1230, 12.5, null, true, ['12:30'], {}];
  for (const path of times()) {
    for (const time of bad)
      assertError(await put(path, { enable_auto_scan: true, schedule_at: ['01:00', time] }), 400, 'DCS.4800',
        'Invalid schedule_at in the request.');
    for (const schedule of [null, '01:00', {}, 7, true, undefined, Array(25).fill('01:00'), []])
      assertError(await put(path, { enable_auto_scan: true, schedule_at: schedule }), 400, 'DCS.4800',
        'Invalid schedule_at in the request.');
    for (const enabled of [null, 'true', 1, 0, [], {}, undefined])
      assertError(await put(path, { enable_auto_scan: enabled, schedule_at: ['01:00'] }), 400, 'DCS.4800',
        'Invalid enable_auto_scan in the request.');
    assertError(await put(path, {}), 400, 'DCS.4800');
    assertAnswer(await put(path, { enable_auto_scan: true, schedule_at: Array(24).fill('01:00') }), 200);
  }
});

test('interval: stored as it is, in the one form of times', async () => {
  const forms = {
    '2099-01-01T00:00:00': '2099-01-01T00:00:00.000Z', '2099-01-01T00:00:00Z': '2099-01-01T00:00:00.000Z',
    '2099-12-31T23:59:59z': '2099-12-31T23:59:59.000Z', '2099-01-01T00:00:00.1': '2099-01-01T00:00:00.100Z',
    '2096-02-29T12:00:00.123Z': '2096-02-29T12:00:00.123Z', '2099-01-01T00:00:00.123456Z': '2099-01-01T00:00:00.123Z',
    '9999-12-31T23:59:59.999Z': '9999-12-31T23:59:59.999Z',
  };
  for (const [given, stored] of Object.entries(forms)) {
    const answer = await put(cache.autoscanExpired, { ...RIGHT, first_scan_at: given });
    assertGolden(answer, 200, '{"instance_id":"<1>","enable_auto_scan":true,"first_scan_at":"<time>","interval":60,'
      + '"timeout":120,"scan_keys_count":100,"updated_at":"<time>"}');
    assert.equal(answer.json.first_scan_at, stored);
    assert.equal((await client.get(cache.autoscanExpired)).body, answer.body);
  }
  const [row] = await site.sql(`SELECT next_at = first_scan_at AS same FROM autoscan WHERE kind = 'expired'`);
  assert.equal(row.same, 't');
});

test('interval: disabled, what is left out stays', async () => {
  await put(cache.autoscanExpired, RIGHT);
  const off = await put(cache.autoscanExpired, { enable_auto_scan: false });
  assertGolden(off, 200, '{"instance_id":"<1>","enable_auto_scan":false,"first_scan_at":"<time>","interval":60,'
    + '"timeout":120,"scan_keys_count":100,"updated_at":"<time>"}');
  const some = await put(cache.autoscanExpired, { enable_auto_scan: false, interval: 30, timeout: null });
  assert.deepEqual([some.json.interval, some.json.timeout], [30, 120]);
  assertError(await put(cache.autoscanExpired, { enable_auto_scan: false, interval: 61 }), 400, 'DCS.4821');
  const fresh = await alice.instance('fresh', '127.0.0.1:1', '--no-probe');
  assertGolden(await put(fresh.autoscanExpired, { enable_auto_scan: false, interval: 0 }), 200,
    '{"instance_id":"<1>","enable_auto_scan":false,"interval":0,"updated_at":"<time>"}');
  // A time that is past may stay where nothing is to start.
  const past = await put(fresh.autoscanExpired, { enable_auto_scan: false, first_scan_at: '2001-02-03T04:05:06.789' });
  assert.equal(past.json.first_scan_at, '2001-02-03T04:05:06.789Z');
  const early = await put(fresh.autoscanExpired, { enable_auto_scan: false, first_scan_at: '1970-01-01T00:00:00.001Z' });
  assert.equal(early.json.first_scan_at, '1970-01-01T00:00:00.001Z', early.body);
});

test('malformed times', async () => {
  const bad = ['', 'now', '2099-01-01', '2099-01-01 00:00:00', '2099-01-01T00:00', '2099-01-01T00:00:00+00:00',
    '2099-13-01T00:00:00', '2099-02-29T00:00:00', '2099-01-32T00:00:00', '2099-01-01T24:00:00', '2099-01-01T00:60:00',
    '2099-01-01T00:00:60', '2099-01-01T00:00:00.', '2099-01-01T00:00:00.1234567', '2099-01-01T00:00:00.Z',
    '2099-01-01T00:00:00ZZ', '99-01-01T00:00:00', '12099-01-01T00:00:00', '2099-01-01T00:00:00 ', '20990101T000000Z',
    '4070908800', '-2099-01-01T00:00:00', '2099-1-1T0:0:0', '2099-01-01t00:00:00Z', '２099-01-01T00:00:00',
    '2099-01-01T00:00:00-05:00', '2001-01-01T00:00:00Z', '0000-01-01T00:00:00Z', '0001-01-01T00:00:00Z',
    new Date(Date.now() - 1000).toISOString()];
  for (const time of bad)
    assertError(await put(cache.autoscanExpired, { ...RIGHT, first_scan_at: time }), 400, 'DCS.4819', FIRST);
  for (const time of [undefined, null, 4070908800, true, [], {}, 'x'.repeat(65)])
    assertError(await put(cache.autoscanExpired, { ...RIGHT, first_scan_at: time }), 400, 'DCS.4800',
      'Invalid first_scan_at in the request.');
  // Nor is one before 1970 kept, whether a scan is to start or not.
  for (const time of ['0000-01-01T00:00:00Z', '0001-01-01T00:00:00Z', '1969-12-31T23:59:59.999Z'])
    assertError(await put(cache.autoscanExpired, { enable_auto_scan: false, first_scan_at: time }), 400, 'DCS.4819');
});

test('numbers out of range', async () => {
  const cases = [
    [{ interval: -1 }, 'DCS.4820'], [{ interval: -2147483648 }, 'DCS.4820'],
    [{ interval: 0, timeout: 1 }, 'DCS.4821'], [{ interval: 0, timeout: 0 }, 'DCS.4821'], [{ timeout: -1 }, 'DCS.4821'],
    [{ interval: 60, timeout: 119 }, 'DCS.4821'], [{ interval: 2147483647, timeout: 2147483647 }, 'DCS.4821'],
    [{ scan_keys_count: 9 }, 'DCS.4822'], [{ scan_keys_count: -1 }, 'DCS.4822'], [{ scan_keys_count: 0 }, 'DCS.4822'],
    [{ scan_keys_count: 1001 }, 'DCS.4822'], [{ scan_keys_count: 2147483647 }, 'DCS.4822'],
  ];
  for (const [wrong, code] of cases) assertError(await put(cache.autoscanExpired, { ...RIGHT, ...wrong }), 400, code);
  for (const name of ['interval', 'timeout', 'scan_keys_count']) {
    for (const value of [undefined, null, '60', 60.5, true, [], {}, 2147483648, -2147483649, 1e15])
      assertError(await put(cache.autoscanExpired, { ...RIGHT, [name]: value }), 400, 'DCS.4800',
        `Invalid ${name} in the request.`);
  }
  for (const right of [{ interval: 0, timeout: 2 }, { interval: 60, timeout: 120 }, { scan_keys_count: 10 },
    { scan_keys_count: 1000 }, { interval: 1073741823, timeout: 2147483646 }])
    assertAnswer(await put(cache.autoscanExpired, { ...RIGHT, ...right }), 200);
});

test('the bound of scan_keys_count is the operator\'s', async () => {
  const generous = await world.site({ server: { expired_batch_keys_max: 20000 } });
  const bob = await generous.tenant('bob');
  const theirs = await bob.instance('cache', '127.0.0.1:1', '--no-probe');
  assertAnswer(await bob.client.put(theirs.autoscanExpired, json({ ...RIGHT, scan_keys_count: 20000 })), 200);
  assertError(await bob.client.put(theirs.autoscanExpired, json({ ...RIGHT, scan_keys_count: 20001 })), 400,
    'DCS.4822', /less than or equal to 20000\.$/i);
});

test('bodies that are no JSON object', async () => {
  const good = JSON.stringify({ enable_auto_scan: false, schedule_at: [] });
  const nested = (depth) => `{"enable_auto_scan":false,"schedule_at":[],"x":${'['.repeat(depth)}${']'.repeat(depth)}}`;
  const bad = [' ', 'null', 'true', '[]', '"x"', '7', '{', '}', '{"a"}', `${good},`, `${good}${good}`, `${good}x`,
    `\ufeff${good}`, good.replace('}', ',}'), good.replaceAll('"', "'"), `/* */${good}`, 'NaN', '{"a":NaN}', '{"a":01}',
    '{"a":1e999}', '{"a":99999999999999999999999}', '{"a":"\\ud83d"}',
    '{"a":"\\u0000"}', '{"a":"\n"}', '{"a":"\\x"}', '{"\\u0000":1}',
    '{"enable_auto_scan":false,"enable_auto_scan":false,"schedule_at":[]}',
    '{"enable_auto_scan":false,"schedule_at":[],"x":{"a":1,"a":1}}',
    Buffer.from([0x7b, 0xff, 0x7d]), Buffer.from('{"a":"\xc3\x28"}', 'latin1'), Buffer.from('{"a":"\xed\xa0\x80"}', 'latin1'),
    Buffer.from('{"a":"\xc0\xaf"}', 'latin1'), Buffer.from(good, 'utf16le'), Buffer.from('\ufeff' + good, 'utf16le'),
    nested(32), nested(40_000 / 2)];
  for (const path of [...times(), cache.autoscanExpired]) {
    assertError(await putBytes(path, ''), 400, 'DCS.4004', 'Empty request body.');
    for (const body of bad) {
      const answer = await putBytes(path, body);
      assert.ok(answer.body.includes('DCS.4005'), `${body.slice(0, 80)}: ${answer.body}`);
      assertError(answer, 400, 'DCS.4005', 'The message body contains invalid characters or is not in JSON format.');
    }
    for (const body of [good, ` \r\n\t${good}\n`, nested(31), good.replace('{', '{"name":"\\ud83d\\ude00",'),
      `${good.slice(0, -1)},"x":"${'x'.repeat(48 * 1024 - good.length - 7)}"}`])
      assertAnswer(await putBytes(path, body), 200);
    const large = Buffer.from(`PUT ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: 49153\r\n\r\n`);
    assertError((await site.raw(large)).answers[0], 413, 'APIGW.0201');
  }
});

test('members that are not known are ignored', async () => {
  const extra = { instance_id: 'x', updated_at: 'x', id: 7, nothing: null, '': {}, name: '<b>"\n' };
  for (const path of times()) {
    const answer = await put(path, { enable_auto_scan: true, schedule_at: ['01:00'], ...extra });
    assertGolden(answer, 200,
      '{"instance_id":"<1>","enable_auto_scan":true,"schedule_at":["01:00"],"updated_at":"<time>"}');
  }
  assertAnswer(await put(cache.autoscanExpired, { ...RIGHT, ...extra, schedule_at: 7 }), 200);
});

test('of an instance that is not there', async () => {
  for (const path of ['bigkey/autoscan', 'hotkey/autoscan', 'scan-expire-keys/autoscan-config']) {
    const target = `${alice.instances}/${UNKNOWN}/${path}`;
    assertError(await client.get(target), 404, 'DCS.3022');
    assertError(await put(target, { ...RIGHT, schedule_at: ['01:00'] }), 404, 'DCS.3022');
    // The body is looked at first.
    assertError(await putBytes(target, ''), 400, 'DCS.4004');
  }
});

test('writes at once: one of them is what stays', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, (_, i) =>
    put(cache.autoscan, { enable_auto_scan: true, schedule_at: [`00:${String(i).padStart(2, '0')}`] })));
  for (const answer of answers) assertAnswer(answer, 200);
  const last = (await client.get(cache.autoscan)).json.schedule_at;
  assert.ok(answers.some((a) => a.json.schedule_at[0] === last[0] && last.length === 1));
});
