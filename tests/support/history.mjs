// What happened to the tasks of a site, for the checker: every request that a test sent, every write to a task or
// result as the database sees it, and everything that the test broke.
//
// The writes are noted by triggers in a schema of the test's own, in the transaction that makes them: what the
// database forgets, the history forgets as well, and only the clients remember.  A row names the program that
// wrote by its application_name, which the connection string of each program must therefore set.  A result's digest
// leaves out which node of a cluster a key was on.

import { until } from './wait.mjs';

const SCHEMA = `
  CREATE SCHEMA history;
  CREATE TABLE history.transition (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp(), op text,
    task uuid, instance uuid, scan_type text, was text, status text, old_fence bigint, fence bigint, attempt integer,
    old_owner text, owner text, old_until timestamptz, until timestamptz, failure text,
    writer text NOT NULL DEFAULT current_setting('application_name'));
  CREATE TABLE history.result (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp(), op text,
    task uuid, digest text, writer text NOT NULL DEFAULT current_setting('application_name'));

  CREATE FUNCTION history.note_transition() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO history.transition (op, task, instance, scan_type, was, status, old_fence, fence, attempt, old_owner, owner,
        old_until, until, failure)
      VALUES (TG_OP, coalesce(NEW.id, OLD.id), coalesce(NEW.instance_id, OLD.instance_id),
        coalesce(NEW.scan_type, OLD.scan_type), OLD.status, NEW.status, OLD.fence, NEW.fence, NEW.attempt,
        OLD.lease_owner, NEW.lease_owner, OLD.claimable_at, NEW.claimable_at, NEW.failure);
    RETURN NULL;
  END $$;
  CREATE FUNCTION history.note_result() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO history.result (op, task, digest) VALUES (TG_OP, coalesce(NEW.task_id, OLD.task_id),
      md5(regexp_replace(NEW.keys, '"shard": ?"[^"]*",?', '', 'g')));
    RETURN NULL;
  END $$;
  CREATE TRIGGER history AFTER INSERT OR UPDATE OR DELETE ON scan_task
    FOR EACH ROW EXECUTE FUNCTION history.note_transition();
  CREATE TRIGGER history AFTER INSERT OR UPDATE OR DELETE ON scan_result
    FOR EACH ROW EXECUTE FUNCTION history.note_result();`;

const milliseconds = (column) => `extract(epoch FROM ${column}) * 1000`;

const number = (text) => (text === null ? null : Number(text));

export class Recorder {
  // sql runs a statement in the site's database, as its owner.
  static async open(sql) {
    const recorder = new Recorder();
    recorder.sql = sql;
    recorder.requests = [];
    recorder.events = [];
    recorder.work = [];
    for (const statement of SCHEMA.split(/;\n(?= {2}CREATE)/)) await sql(statement);
    return recorder;
  }

  // The entry of a request that is about to be sent; answered() completes it.
  sending(request) {
    const entry = { sentAt: Date.now(), answeredAt: null, status: null, task: null, state: null, ...request };
    this.requests.push(entry);
    return entry;
  }

  answered(entry, answer) {
    Object.assign(entry, { answeredAt: Date.now(), ...answer });
  }

  // { at, kind, target, tasks }
  event(event) {
    this.events.push(event);
  }

  // Tasks that a worker holds, by its name.
  async heldBy(owner) {
    return (await this.sql(`SELECT id FROM scan_task WHERE status = 'running' AND lease_owner = $1`, [owner]))
      .map(({ id }) => id);
  }

  // Waits until nothing is left to do, or for as long as that may take; what is left then is found stuck.
  async settle(deadlineMs) {
    await until('every task has ended', async () =>
      (await this.sql(`SELECT FROM scan_task WHERE status IN ('waiting', 'running') LIMIT 1`)).length === 0,
    deadlineMs).catch(() => {});
  }

  // For check().
  async history() {
    const transitions = await this.sql(`SELECT *, ${milliseconds('at')} AS at, ${milliseconds('old_until')} AS old_until,
      ${milliseconds('until')} AS until FROM history.transition ORDER BY seq`);
    const results = await this.sql(`SELECT *, ${milliseconds('at')} AS at FROM history.result ORDER BY seq`);
    return {
      requests: this.requests, events: this.events, work: this.work,
      transitions: transitions.map((row) => ({
        seq: Number(row.seq), at: Number(row.at), op: row.op, task: row.task, instance: row.instance,
        scanType: row.scan_type, was: row.was, status: row.status, oldFence: number(row.old_fence),
        fence: number(row.fence), attempt: number(row.attempt), oldOwner: row.old_owner, owner: row.owner,
        oldUntil: number(row.old_until), until: number(row.until), failure: row.failure, writer: row.writer,
      })),
      results: results.map((row) => ({ ...row, seq: Number(row.seq), at: Number(row.at) })),
    };
  }
}
