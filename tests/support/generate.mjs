// Values from schemas, right ones and wrong ones, by a seeded generator of numbers.

// mulberry32
export function randomBySeed(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 0x100000000;
  };
  const below = (count) => Math.floor(next() * count);
  const pick = (values) => values[below(values.length)];
  const hex = (count) => Array.from({ length: count }, () => below(16).toString(16)).join('');
  return {
    below, pick, hex,
    chance: (p) => next() < p,
    uuid: () => [8, 4, 4, 4, 12].map(hex).join('-'),
  };
}

const two = (n) => String(n).padStart(2, '0');

// Members that more than their schema is known of.
const KNOWN = {
  schedule_at: (r) => Array.from({ length: 1 + r.below(24) }, () => `${two(r.below(24))}:${two(r.below(60))}`),
  first_scan_at: (r) => `20${60 + r.below(40)}-${two(1 + r.below(12))}-${two(1 + r.below(28))}T${two(r.below(24))}:00:00`
    + r.pick(['', 'Z', 'z', '.1', '.123Z', '.000001']),
  interval: (r) => r.below(1000), timeout: (r) => 2000 + r.below(1e6), scan_keys_count: (r) => 10 + r.below(990),
  name: (r) => r.pick(['x', 'cache', 'a "b" <c>', '\\', '<i>', '😀']) + r.hex(8),
  id: (r) => r.pick([r.uuid(), r.hex(32), r.hex(32).toUpperCase()]),
  measures: (r) => r.pick([[], ['ttl'], ['usage', 'memory'], ['memory', 'ttl', 'encoding', 'usage']]),
  separators: (r) => r.pick([':', '/', ':/|.-_#~']), prefix_depth: (r) => 1 + r.below(16), top: (r) => 1 + r.below(10000),
  options: (r) => r.pick([{}, { top: 7 }, { measures: [], separators: '/' }]),
  url: (r) => `https://${r.pick(['a.invalid', 'b.example:8443', '[2001:db8::1]'])}/${r.hex(6)}`,
  events: (r) => r.pick([['task.succeeded'], ['task.failed', 'task.succeeded']]),
  node_id: (r) => r.uuid(), backup_id: (r) => r.pick([null, 'nightly-1.rdb', '_']), backup_directory: (r) => r.pick([null, 'shop/cache', '..a']),
  kinds: (r) => r.pick([['bigkey'], ['analysis', 'hotkey', 'offline']]), instance_ids: (r) => [r.uuid()],
  limits: (r) => [r.pick([{ subject: 'key', size: 1 + r.below(1e6) }, { subject: 'prefix', name: 'user:', keys: 7 }])],
  description: (r) => r.pick(['', 'text', 'two\nlines', '"<>\\/\t', '😀']),
  endpoints: (r) => r.pick([['127.0.0.1:1'], ['[::1]:65535'], ['a:1', 'b.example:6379', 'c_d-e:2']]),
  tls: () => true, tls_ca: () => 'PEM', tls_server_name: () => 'name', username: () => 'user', password: (r) => r.hex(9),
  user: (r) => r.hex(8), domain: () => 'Default', project: (r) => r.pick(['shop', 'Ünder']),
  address_map: (r) => r.pick(['', 'a=b', '10.0.0.1:1=[::1]:2,c=d.example']),
  role: (r) => r.pick(['DCS FullAccess', 'DCS UserAccess', 'DCS ReadOnlyAccess']),
  policy: (r) => r.pick([null, {}, { actions: ['dcs:instance:list'] },
    { actions: ['dcs:instance:analyze', 'dcs:instance:get', 'iam:projects:list'] }]),
  instances_max: (r) => r.pick([null, 1000, 1_000_000]), scans_max: (r) => r.pick([null, 4]),
  schedule_entries_max: (r) => r.pick([null, 10_000]),
  expires_in: (r) => 1000 + r.below(1000), expires_at: () => new Date(Date.now() + 3_600_000).toISOString(),
};

export function validBody(r, schema) {
  const required = new Set(schema.required);
  const members = Object.entries(schema.properties).filter(([name]) => required.has(name) || r.chance(0.5));
  const body = Object.fromEntries(members.map(([name, { type, enum: values }]) => {
    if (values) return [name, r.pick(values)];
    if (name in KNOWN) return [name, KNOWN[name](r)];
    return [name, type.includes('boolean') ? r.chance(0.5) : null];
  }));
  // What goes together.
  if (body.enable_auto_scan === true && !('schedule_at' in body))
    for (const name of Object.keys(schema.properties)) body[name] ??= KNOWN[name](r);
  if (body.tls_ca ?? body.tls_server_name) body.tls = true;
  if (body.username) body.password ??= r.hex(8);
  if (body.expires_in) delete body.expires_at;
  return body;
}

const ODD_VALUES = [null, true, false, 0, -1, 1.5, 2147483647, 2147483648, -2147483649, 1e15, '', 'x', ' ', '\n', '\u0001',
  '<>"\'\\', 'x'.repeat(65), 'x'.repeat(2000), 'ü'.repeat(64), [], [null], [[]], [''], {}, { a: 1 }, Array(100).fill('00:00')];

// One member of the body another than it should be; true where the text is surely no JSON of ours.
const TEXTS = {
  truncated: (r, text) => [text.slice(0, r.below(text.length)), true],
  'duplicate member': (r, text) => [text.replace('{', `{"twice":1,"twice":${r.below(9)},`), true],
  'unknown member': (r, text) => [text.replace('{', `{"${r.hex(5)}":${JSON.stringify(r.pick(ODD_VALUES))},`), false],
  'deep nesting': (r, text) => [text.replace('{', `{"deep":${'['.repeat(32)}${']'.repeat(32)},`), true],
  'deep enough': (r, text) => [text.replace('{', `{"deep":${'['.repeat(31)}${']'.repeat(31)},`), false],
  'byte order mark': (r, text) => [`\ufeff${text}`, true],
  'no UTF-8': (r, text) => [Buffer.concat([Buffer.from(text.replace('{', '{"u":"')), Buffer.from([r.pick([0xff, 0xc0, 0x80])]),
    Buffer.from('"}')]), true],
  trailing: (r, text) => [`${text}${r.pick(['x', '{}', ',', '\0'])}`, true],
  'not an object': (r) => [r.pick(['[]', '7', '"x"', 'null', 'true', '[{}]']), true],
  empty: () => ['', true],
  'almost too large': (r, text) => [text.replace('{', `{"fill":"${'x'.repeat(64 * 1024 - Buffer.byteLength(text) - 10)}",`), false],
};

// { what, body (text or bytes), value (undefined where the text is none), broken }
export function oddBody(r, schema) {
  const value = validBody(r, schema);
  const names = Object.keys(schema.properties);
  const name = r.pick(names);
  const what = r.pick(['value', 'value', 'value', 'missing', ...Object.keys(TEXTS)]);
  if (what === 'value') {
    value[name] = r.pick(ODD_VALUES);
  } else if (what === 'missing') {
    delete value[r.pick(schema.required ?? names)];
  } else {
    const text = JSON.stringify(value);
    const [body, broken] = TEXTS[what](r, text);
    return { what, body, value: broken ? undefined : value, broken };
  }
  return { what: `${what} ${name}`, body: JSON.stringify(value), value, broken: false };
}

const ODD_TEXTS = ['', 'x', '0', '-1', '1', '10', '1000', '1001', '2147483647', '2147483648', '99999999999999999999', '1e3',
  '+1', '%20', '%00', '%FF', '%ED%A0%80', 'true', 'null', 'success', 'RUNNING', '%27%22%3C%3E', 'x'.repeat(300),
  '%F0%9F%98%80', '127.0.0.1', '%2E%2E%2F', '%25', '_', '*'];

// A query out of the described parameters and others.
export function oddQuery(r, parameters) {
  const names = [...parameters.filter((p) => p.in === 'query').map((p) => p.name), 'unknown', '', '%FF', 'limit'];
  const pairs = Array.from({ length: 1 + r.below(3) }, () => `${r.pick(names)}=${r.pick(ODD_TEXTS)}`);
  return `?${pairs.join(r.pick(['&', '&', '&&']))}`;
}

export const oddId = (r) => r.pick(['x', '-', '%20', '%00', '%FF', '..', '%2e%2e', '%2F', r.hex(31), r.hex(33), r.hex(32),
  r.uuid(), r.uuid().toUpperCase(), `${r.uuid()}0`, `{${r.uuid()}}`.replace(/[{}]/g, ''), "'", '%22', '0', 'null',
  'x'.repeat(200), '%F0%9F%98%80', 'A'.repeat(20)]);

export const oddHeader = (r) => r.pick([
  ['Idempotency-Key', ''], ['Idempotency-Key', 'x'.repeat(256)], ['Idempotency-Key', 'same'], ['Idempotency-Key', 'a\tb'],
  ['If-Match', ''], ['If-Match', '*'], ['If-Match', 'W/"1"'], ['If-Match', '"99999999999999999999"'], ['If-Match', '"2"'],
  ['X-Project-Id', 'x'], ['X-Project-Id', r.uuid()], ['Content-Type', 'text/plain'], ['Content-Type', ''],
  ['X-Sdk-Content-Sha256', 'UNSIGNED-PAYLOAD'], ['X-Sdk-Content-Sha256', r.hex(64)], ['X-Security-Token', 'x'],
  ['Accept', 'text/html'], ['X-Auth-Token', 'x'], ['Authorization', 'Basic eDp4'], ['Range', 'bytes=0-1'],
  ['Accept-Encoding', 'gzip'], ['Expect', 'nothing'], ['Cookie', 'x=y'],
]);
