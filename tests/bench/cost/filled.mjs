// A database filled to a size, and the requests that are asked of it.
//
// Of every size the same number of instances is asked, evenly spread over the table: what grows is what lies between.

import { join } from 'node:path';
import { sign } from '../../support/signer.mjs';
import { writeRequests } from '../api/measure.mjs';
import { fillInstances, fillKeys, fillRemembered, fillResults, fillTasks } from '../fill.mjs';
import { statement } from '../statements.mjs';

const KINDS = ['bigkey', 'hotkey', 'expired'];
const CREATE_PATHS = ['bigkey-task', 'hotkey-task', 'scan-expire-keys-task'];
const PAGES_SAMPLED = 50;
const BYTES_OF_TASK = 1300;
const BYTES_BESIDE = 8e9;

// So far in this session, of our tables, indexes and results: what triggers look at as well.
const PAGES = `SELECT sum(pg_stat_get_xact_blocks_fetched(oid)) AS pages FROM pg_class
  WHERE relnamespace IN ('public'::regnamespace, 'pg_toast'::regnamespace)`;

export class Filled {
  // records of each of the three kinds for each instance.  Results have their keys where `which` is true of a task t.
  static async make(bench, { projects, instances, records, which }) {
    const filled = new Filled();
    const { world } = bench;
    bench.requireDisk(instances * records * KINDS.length * BYTES_OF_TASK + BYTES_BESIDE);
    filled.bench = bench;
    filled.signed = 0;
    filled.database = await world.postgres.createDatabase(world.template);
    filled.client = await world.postgres.connect(filled.database);
    world.onClose(() => filled.client.end());
    filled.sql = async (text, values) => (await filled.client.query(text, values)).rows;
    // Rows that refer to none would be ours: what the foreign keys' triggers find is not looked for ten million times.
    await filled.sql('SET session_replication_role = replica');
    await fillInstances(filled.sql, { projects, instances });
    filled.keys = await fillKeys(filled.sql, bench.keyEncryptionKey);
    await fillTasks(filled.sql, { records, kinds: KINDS });
    await fillResults(filled.sql, { which: `t.kind <> 'expired' AND (${which})` });
    await fillResults(filled.sql, { which: `t.kind <> 'expired'`, keys: 0 });
    await fillRemembered(filled.sql, instances);
    await filled.sql('VACUUM (FREEZE, ANALYZE)');
    await filled.sql('CHECKPOINT');
    await filled.sql('RESET session_replication_role');
    filled.began = (await filled.sql('SELECT now()'))[0].now;
    return filled;
  }

  async count() {
    return Number((await this.sql('SELECT count(*) FROM scan_task'))[0].count);
  }

  // So many instances, as evenly spread as ids are.
  async instances(count) {
    return this.sql(`SELECT project_id, id FROM (SELECT project_id, id, row_number() OVER (ORDER BY id) - 1 AS nth,
        count(*) OVER () AS of FROM instance) i WHERE nth % greatest(1, of / $1::bigint) = 0 LIMIT $1`, [count]);
  }

  // Their big-key tasks, the newest but `skipped`: one of each.
  async tasksOf(instances, skipped = 0) {
    return this.sql(`SELECT t.* FROM unnest($1::uuid[], $2::uuid[]) AS i (project_id, id), LATERAL (
        SELECT project_id, instance_id, id FROM scan_task t WHERE t.project_id = i.project_id AND t.instance_id = i.id
        AND t.kind = 'bigkey' ORDER BY created_at DESC, id DESC OFFSET $3 LIMIT 1) t`,
    [instances.map((i) => i.project_id), instances.map((i) => i.id), skipped]);
  }

  #path(name) {
    return join(this.bench.world.directory, `${this.database}-${name}`);
  }

  // Signed; a number in a signed header keeps equal ones apart.
  #request({ project, method, path, body = '' }) {
    const target = `/v2/${project.replaceAll('-', '')}/instances/${path}`;
    const headers = [['Host', 'bench'], ['X-Number', String(++this.signed)], ...(body ? [['Content-Type', 'application/json']] : [])];
    return { method, target, body, headers: sign({ key: this.keys.get(project), method, target, headers, body }) };
  }

  #file(name, requests) {
    return writeRequests(this.#path(name), requests.map((request) => this.#request(request)));
  }

  #tasks(name, method, tasks) {
    return this.#file(name, tasks.map((t) => ({ project: t.project_id, method, path: `${t.instance_id}/bigkey-task/${t.id}` })));
  }

  getFile(tasks, name = 'get') {
    return this.#tasks(name, 'GET', tasks);
  }

  deleteFile(tasks) {
    return this.#tasks('delete', 'DELETE', tasks);
  }

  listFile(instances) {
    return this.#file('list', instances.map((i) => ({ project: i.project_id, method: 'GET', path: `${i.id}/hotkey-tasks` })));
  }

  createFile(instances) {
    return this.#file('create', instances.flatMap((i) =>
      CREATE_PATHS.map((path) => ({ project: i.project_id, method: 'POST', path: `${i.id}/${path}` }))));
  }

  putFile(instances) {
    const body = JSON.stringify({ enable_auto_scan: true, schedule_at: ['03:15', '15:15'] });
    return this.#file('put', instances.flatMap((i) => ['bigkey', 'hotkey'].map((kind) =>
      ({ project: i.project_id, method: 'PUT', path: `${i.id}/${kind}/autoscan`, body }))));
  }

  // What was created is gone and not remembered, so that the same requests make it again.
  async undo() {
    await this.sql(`DELETE FROM scan_task WHERE status = 'waiting'`);
    await this.sql('DELETE FROM remembered_request WHERE created_at >= $1::timestamptz', [this.began]);
    await this.sql('VACUUM scan_task');
    await this.sql('VACUUM remembered_request');
    await this.sql('VACUUM autoscan');
  }

  // Pages of 8 kB that each statement looks at, on average: no other work on the machine changes that.
  async pages(instances) {
    const some = instances.slice(0, PAGES_SAMPLED);
    const tasks = await this.tasksOf(some);
    const text = (...values) => values.map((value) => (value === null ? 'NULL' : `'${value}'`)).join(', ');
    const bytes = (n) => `\\x${n.toString(16).padStart(64, '0')}`;
    return {
      show: await this.#pages('scan_task_show', tasks.map((t) => text(t.project_id, t.instance_id, t.id, 'bigkey'))),
      list: await this.#pages('scan_task_list', some.map((i) => text(i.project_id, i.id, 'hotkey', null, 0, 10))),
      create: await this.#pages('scan_task_create', tasks.map((t, n) => text(t.project_id, t.instance_id,
        t.id.replace(/^.{8}/, '00000000'), 'hotkey', bytes(n), null, bytes(n), null, null, null, null))),
    };
  }

  async #pages(name, calls) {
    // As the server's own sessions have it (core/pg/target.c).
    await this.sql('SET enable_seqscan = off');
    await this.sql(`PREPARE cost_${name} AS ${statement(name).text}`);
    const pages = async () => Number((await this.sql(PAGES))[0].pages);
    let sum = 0;
    for (const call of calls) {
      await this.sql('BEGIN');
      const before = await pages();
      await this.sql(`EXECUTE cost_${name} (${call})`);
      sum += await pages() - before;
      await this.sql('ROLLBACK');
    }
    await this.sql(`DEALLOCATE cost_${name}`);
    return sum / calls.length;
  }
}
