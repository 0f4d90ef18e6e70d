// Documents of analyses, made of keys by the rules of the description, and recorded as a worker does.

import { join } from 'node:path';
import { json } from './http.mjs';
import { ROLES } from './postgres.mjs';
import { must } from './program.mjs';

const TYPES = ['string', 'list', 'set', 'zset', 'hash', 'stream'];
const sum = (keys, member) => keys.reduce((total, key) => total + (key[member] ?? 0), 0);
const byName = (a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name));

const totals = (keys) => {
  const lasting = keys.filter((key) => key.ttl_ms === undefined);
  return { keys: keys.length, bytes: sum(keys, 'bytes'), keys_without_ttl: lasting.length, bytes_without_ttl: sum(lasting, 'bytes') };
};

// Its prefixes and those that these lie in, `a:` and `a:b:` of `a:b:c`.
const prefixesOf = ({ name }, separators, depth) =>
  [...name].flatMap((c, i, all) => (separators.includes(c) ? [all.slice(0, i + 1).join('')] : [])).slice(0, depth);

// keys: { name, type, bytes, size, db, binary, ttl_ms, … }.
export function documentOf(keys, { top = 100, separators = ':', depth = 8, exact = true, capacity = 2048 } = {}) {
  const entries = keys.map((key) => ({ type: 'string', db: 0, size: key.bytes, unit: 'byte', ...key }));
  const types = TYPES.filter((type) => entries.some((key) => key.type === type));
  const groups = new Map();
  for (const key of entries)
    for (const [i, prefix] of prefixesOf(key, separators, depth).entries()) {
      const id = `${key.binary ? 1 : 0}${prefix}`;
      if (!groups.has(id)) groups.set(id, { prefix, binary: key.binary, depth: i + 1, keys: [] });
      groups.get(id).keys.push(key);
    }
  const ranked = (member) => (a, b) => (b[member] ?? 0) - (a[member] ?? 0) || byName(a, b);
  return {
    source: 'scan', version: 1, measures: ['memory', 'ttl'], not_measured: [], ...totals(entries),
    types: types.map((type) => ({ type, ...totals(entries.filter((key) => key.type === type)) })),
    databases: [...new Set(entries.map((key) => key.db))].sort().map((db) =>
      ({ db, ...totals(entries.filter((key) => key.db === db)) })),
    largest_by_bytes: entries.filter((key) => key.bytes !== undefined).sort(ranked('bytes')).slice(0, top),
    largest_by_size: types.flatMap((type) =>
      entries.filter((key) => key.type === type).sort(ranked('size')).slice(0, top)),
    prefixes: {
      separators, depth, capacity, exact,
      items: [...groups.values()].map((group) => ({ ...group, ...totals(group.keys), keys_error: 0, bytes_error: 0 }))
        .sort((a, b) => Buffer.compare(Buffer.from(a.prefix), Buffer.from(b.prefix))),
    },
  };
}

export class Analyses {
  // Of an instance of a tenant (site.mjs).
  constructor(site, cache) {
    this.site = site;
    this.client = cache.tenant.client;
    this.project = cache.tenant.projectId;
    this.path = `/ext/v1/${this.project}/instances/${cache.id}`;
  }

  // Makes an analysis that has found a document (a value, or its text): its id.
  // members: of an offline one's answer in the DCS v2 API.
  async record(document, { options = {}, num = 0, path = `${this.path}/analyses`, members = null } = {}) {
    this.succeed ??= await must('the statement', join(process.env.DCS_BUILD, 'tests/dcs_statement'),
      ['--text', 'scan_task_succeed']);
    const made = await this.client.post(path, json(options));
    if (made.status !== 200) throw new Error(made.body);
    const id = made.json.id ?? made.json.task_id;
    await this.site.sql(`UPDATE scan_task SET status = 'running', started_at = now(), fence = 1, attempt = 1,
      lease_owner = 'w' WHERE id = $1`, [id]);
    const text = typeof document === 'string' ? document : JSON.stringify(document);
    const rows = await this.site.sql(this.succeed, [this.project, id, 1, num, text, 1, null, 1, members], ROLES.worker);
    if (rows.length !== 1) throw new Error('not recorded');
    return id;
  }

  export(id, query = '') {
    return this.client.get(`${this.path}/tasks/${id}/export${query}`);
  }

  compare(before, after, query = '') {
    return this.client.get(`${this.path}/comparison?before=${before}&after=${after}${query}`);
  }
}

// A table's rows, header included; fields as they are between their quotes.
export function csvRows(text) {
  if (!text.endsWith('\r\n')) throw new Error('the last line does not end');
  const rows = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  for (let row = [], match; field.lastIndex < text.length;) {
    match = field.exec(text);
    if (!match) throw new Error(`no CSV: ${text.slice(0, 200)}`);
    row.push(match[1] === undefined ? match[2] : match[1].replaceAll('""', '"'));
    if (match[3] === ',') continue;
    rows.push(row);
    row = [];
  }
  return rows;
}
