// A strict reader of what /metrics answers: the text format 0.0.4, or OpenMetrics 1.0.0 as far as it is used.
//
// It refuses whatever a scraper could trip over, and what conventions forbid: a family in two places, a series twice,
// a histogram whose buckets are not cumulative, a counter that is not called _total, a unit that is no base unit.

import assert from 'node:assert/strict';

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const NUMBER = /^-?(\d+(\.\d+)?|\+?Inf)$/;
const NO_BASE_UNIT = /_(ms|us|ns|milliseconds|microseconds|minutes|hours|kb|kilobytes|mb|percent)(_|$)/;
const SUFFIXES = { counter: [''], gauge: [''], histogram: ['_bucket', '_sum', '_count'] };

// `{a="x",b="y"}` or nothing, and where it ended.
function readLabels(line, start) {
  const labels = new Map();
  let at = start;
  if (line[at] !== '{') return [labels, at];
  do {
    const equals = line.indexOf('="', ++at);
    const name = line.slice(at, equals);
    assert.match(name, /^[a-zA-Z_][a-zA-Z0-9_]*$/, line);
    assert.ok(!labels.has(name), line);
    let value = '';
    for (at = equals + 2; line[at] !== '"'; at++) {
      assert.ok(at < line.length, line);
      if (line[at] !== '\\') value += line[at];
      else value += { '\\': '\\', '"': '"', n: '\n' }[line[++at]] ?? assert.fail(line);
    }
    labels.set(name, value);
    at++;
  } while (line[at] === ',');
  assert.equal(line[at], '}', line);
  return [labels, at + 1];
}

const keyOf = (labels, without) => [...labels].filter(([name]) => name !== without).sort()
  .map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',');

function readSample(line, open) {
  const end = line.search(/[{ ]/);
  const name = line.slice(0, end);
  assert.match(name, NAME, line);
  const [labels, at] = readLabels(line, end);
  assert.equal(line[at], ' ', line);
  const text = line.slice(at + 1);
  assert.match(text, NUMBER, line);
  if (open && labels.has('le')) assert.match(labels.get('le'), /\.|^\+Inf$/, `a float: ${line}`);
  return { name, labels, value: Number(text) };
}

function checkHistogram(family) {
  const groups = new Map();
  for (const sample of family.samples) {
    const group = groups.get(keyOf(sample.labels, 'le')) ?? { buckets: [] };
    groups.set(keyOf(sample.labels, 'le'), group);
    const part = sample.name.slice(family.name.length + 1);
    if (part === 'bucket') group.buckets.push([Number(sample.labels.get('le').replace('+Inf', 'Infinity')), sample.value]);
    else group[part] = sample.value;
  }
  for (const { buckets, sum, count } of groups.values()) {
    assert.ok(buckets.length > 1 && sum !== undefined, family.name);
    for (let i = 1; i < buckets.length; i++) {
      assert.ok(buckets[i][0] > buckets[i - 1][0], `${family.name}: bounds rise`);
      assert.ok(buckets[i][1] >= buckets[i - 1][1], `${family.name}: buckets are cumulative`);
    }
    assert.deepEqual(buckets.at(-1), [Infinity, count], `${family.name}: the last bucket has all`);
  }
}

function checkFamily(family, open) {
  assert.match(family.name, /^(dcs|process)_/, family.name);
  assert.doesNotMatch(family.name, NO_BASE_UNIT);
  assert.match(family.help, /^[A-Z].*[.0-9]$/, `${family.name}: ${family.help}`);
  assert.ok(family.samples.length > 0, `${family.name} has series`);
  if (family.type === 'counter') assert.equal(family.name.endsWith('_total'), !open, family.name);
  else assert.doesNotMatch(family.name, /_(total|count|sum|bucket)$/);
  const suffixes = open && family.type === 'counter' ? ['_total'] : SUFFIXES[family.type];
  for (const sample of family.samples) {
    assert.ok(suffixes.some((suffix) => sample.name === family.name + suffix), `${sample.name} of ${family.name}`);
    if (family.type !== 'gauge') assert.ok(sample.value >= 0, sample.name);
    assert.equal(sample.labels.has('le'), sample.name.endsWith('_bucket'), sample.name);
  }
  if (family.type === 'histogram') checkHistogram(family);
}

export class Exposition {
  constructor(text, { open = false } = {}) {
    assert.ok(text.endsWith(open ? '\n# EOF\n' : '\n'), 'it is complete');
    this.text = text;
    this.families = new Map();
    this.series = new Map();
    let family;
    for (const line of text.slice(0, open ? -'# EOF\n'.length : undefined).slice(0, -1).split('\n')) {
      const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
      if (comment?.[1] === 'HELP') {
        assert.ok(!this.families.has(comment[2]), `${comment[2]} twice`);
        this.families.set(comment[2], (family = { name: comment[2], help: comment[3], samples: [] }));
      } else if (comment) {
        assert.equal(comment[2], family?.name, line);
        assert.ok(comment[3] in SUFFIXES && !family.type && !family.samples.length, line);
        family.type = comment[3];
      } else {
        assert.ok(family?.type, line);
        const sample = readSample(line, open);
        const key = `${sample.name}{${keyOf(sample.labels)}}`;
        assert.ok(!this.series.has(key), `${key} twice`);
        this.series.set(key, sample.value);
        family.samples.push(sample);
      }
    }
    for (const each of this.families.values()) checkFamily(each, open);
  }

  // Of the series with exactly these labels; it must be there.
  value(name, labels = {}) {
    const key = `${name}{${keyOf(new Map(Object.entries(labels)))}}`;
    assert.ok(this.series.has(key), `${key} is not there`);
    return this.series.get(key);
  }
}
