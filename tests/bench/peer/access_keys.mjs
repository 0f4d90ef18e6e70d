// Access keys: found in the database, their secrets opened, remembered for ten seconds as the server does.

import { createDecipheriv, createHash, createSecretKey, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { statement } from '../statements.mjs';
import { refuse } from './refusal.mjs';

const REMEMBERED_MS = 10_000;
const ENTRIES_MAX = 4096;
const ID_MAX = 64;
const FORMAT = 2; // of core/base/include/base/secret.h
const NONCE = 12, TAG = 16, DATA_KEY = 32, KEY_ID = 8;
const COLUMN = 'access_key.sealed_secret';

const ANALYSE = 'dcs:instance:analyze'; // stands for all operations on tasks
const ROLES = {
  'DCS FullAccess': () => true,
  'DCS UserAccess': () => true,
  'DCS ReadOnlyAccess': (action) => /^dcs:instance:(get|list|show)/.test(action),
};

function readKeyFile(path) {
  const lines = readFileSync(path, 'utf8').split('\n').map((line) => line.trim()).filter((line) => line !== '');
  return new Map(lines.map((line) => {
    const key = Buffer.from(line, 'hex');
    return [createHash('sha256').update(key).digest().toString('hex', 0, KEY_ID), key];
  }));
}

function decrypt(key, associated, sealed) {
  const tagged = sealed.length - TAG;
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE), { authTagLength: TAG })
    .setAAD(associated).setAuthTag(sealed.subarray(tagged));
  return Buffer.concat([decipher.update(sealed.subarray(NONCE, tagged)), decipher.final()]);
}

function open(keys, { project, row }, blob) {
  const head = 1 + KEY_ID, body = head + NONCE + DATA_KEY + TAG;
  const key = keys.get(blob.toString('hex', 1, head));
  if (blob[0] !== FORMAT || !key) throw refuse.internal();
  const owner = Buffer.from(`${COLUMN}\0${project ?? ''}\0${row}\0`);
  const dataKey = decrypt(key, Buffer.concat([blob.subarray(0, head), owner]), blob.subarray(head, body));
  return decrypt(dataKey, Buffer.concat([blob.subarray(0, 1), owner]), blob.subarray(body));
}

const listOf = (text) => (text === null ? null : text.split(','));

export class AccessKeys {
  constructor(pool, keyFile) {
    this.pool = pool;
    this.keys = readKeyFile(keyFile);
    this.find = statement('access_key_find');
    this.remembered = new Map();
  }

  // Requests that come while a key is being looked up wait for the same answer.
  get(id) {
    const entry = this.remembered.get(id);
    if (entry && entry.until > Date.now()) return entry.key;
    if (this.remembered.size >= ENTRIES_MAX) this.remembered.clear();
    const looked = { until: Infinity };
    looked.key = this.#look(id).then((key) => {
      looked.until = Date.now() + REMEMBERED_MS;
      looked.key = key;
      return key;
    }, (error) => {
      this.remembered.delete(id);
      throw error;
    });
    this.remembered.set(id, looked);
    return looked.key;
  }

  // One that is unknown gets a secret that nobody has, so that it costs the same work.  Temporary keys are not served.
  async #look(id) {
    const { rows: [row] } = id.length > ID_MAX ? { rows: [] }
      : await this.pool.query({ name: this.find.name, text: this.find.text, values: [id], rowMode: 'array' });
    const [project, sealed, role, actions, instances, token] = row ?? [];
    if (!row || token !== null) return { known: false, secret: createSecretKey(randomBytes(20)) };
    const secret = open(this.keys, { project, row: id }, Buffer.from(sealed.slice(2), 'hex'));
    return {
      known: true, secret: createSecretKey(secret), project,
      mayDo: ROLES[role] ?? (() => false), actions: listOf(actions), instances: listOf(instances),
    };
  }
}

export function authorise(key, action, project, instance) {
  const { actions, instances } = key;
  if (!key.mayDo(action) || key.project !== project
    || (actions && !actions.includes(action) && !actions.includes(ANALYSE))
    || (instances && !instances.includes(instance))) throw refuse.forbidden();
}
