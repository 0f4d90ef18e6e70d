// Whoever asks sees nothing of what is not theirs, and cannot tell it from what does not exist: every operation of
// the server's table, every id of its path, and every kind of stranger.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { json } from '../support/http.mjs';
import { CAPABLE } from '../support/kinds.mjs';
import { listOperations, seen, sendOperation } from '../support/operations.mjs';
import { World } from '../support/site.mjs';

const all = await listOperations();
const operations = all.filter((operation) => !operation.open);
const tenants = operations.filter((operation) => !operation.administration);
const administration = operations.filter((operation) => operation.administration);
const ALIAS = 'dcs:instance:analyze';
const OWN_PROJECT = 'iam:projects:list';
const INSTANCES = ['dcs:instance:list', 'dcs:instance:get', 'dcs:instance:getConfiguration'];

let world, site, alice, bob, operator;

// A tenant with an instance that can do everything, and tasks of all kinds on it.
async function prepare(name) {
  const tenant = await site.tenant(name);
  const cache = await tenant.instance('cache', '127.0.0.1:1', '--no-probe');
  await site.sql(`UPDATE instance SET status = 'RUNNING', probed_at = now(), parameters = '{"maxmemory": "1"}',
    capabilities = '${CAPABLE}' WHERE id = $1`, [cache.id]);
  const task = await cache.start(cache.createHot);
  await site.sql(`UPDATE scan_task SET status = 'success', started_at = now(), finished_at = now(),
    claimable_at = NULL WHERE id = $1`, [task.id]);
  await site.sql(`INSERT INTO scan_result (project_id, task_id, keys) VALUES ($1, $2, '[]')`,
    [tenant.projectId, task.id]);
  const other = await tenant.instance('other', '127.0.0.1:1', '--no-probe');
  const webhook = await tenant.client.post(`/ext/v1/${tenant.projectId}/webhooks`,
    json({ name: 'hook', url: 'https://hooks.example.org/', events: ['task.failed'], enabled: true }));
  tenant.ids = {
    project_id: tenant.projectId, instance_id: cache.id, task_id: task.id, access_key_id: tenant.key.id,
    webhook_id: webhook.json.id,
  };
  tenant.other = other.id;
  return tenant;
}

before(async () => {
  world = await World.open();
  site = await world.site({ server: { access_key_cache_seconds: 3600 } });
  alice = await prepare('alice');
  bob = await prepare('bob');
  operator = await site.operator();
});
after(() => world?.close());

const missing = () => ({
  project_id: randomUUID().replaceAll('-', ''), instance_id: randomUUID(), task_id: randomUUID(),
  access_key_id: 'A'.repeat(20), webhook_id: randomUUID(),
});

// All that a project owns, as text.
async function contents(projectId) {
  const tables = ['instance', 'scan_task', 'scan_result', 'autoscan', 'access_key', 'remembered_request', 'analysis_point',
    'analysis_prefix_point', 'webhook', 'webhook_delivery'];
  const rows = await Promise.all(tables.map((table) =>
    site.sql(`SELECT t::text FROM ${table} t WHERE project_id = $1 ORDER BY 1`, [projectId])));
  return JSON.stringify([rows, await site.sql('SELECT t::text FROM project t WHERE id = $1', [projectId])]);
}

// Tests that leave alice's rows as they are, whatever they do.
function harmless(name, define) {
  describe(name, () => {
    let held;
    before(async () => {
      held = await contents(alice.projectId);
    });
    define();
    test('nothing of hers has changed', async () => assert.equal(await contents(alice.projectId), held));
  });
}

const newKey = async (tenant, body) => {
  const made = await operator.post(`/admin/v1/projects/${tenant.projectId}/access-keys`, json(body));
  assert.equal(made.status, 201, made.body);
  return site.client({ id: made.json.id, secret: made.json.secret });
};

const assertForbidden = (answer, what) => {
  assert.equal(answer.status, 403, `${what}: ${answer.status} ${answer.body}`);
  assert.equal(answer.json.error_code ?? answer.json.code, 'DCS.2003', what);
};
const assertAllowed = (answer, what) =>
  assert.ok(![401, 403].includes(answer.status), `${what}: ${answer.status} ${answer.body}`);

test('the table has both sides, and no id that this test does not know', () => {
  assert.ok(tenants.length > 20 && administration.length > 15);
  assert.deepEqual(all.filter(({ open }) => open).map(({ name }) => name), ['POST /ext/v1/login']);
  for (const { ids, name } of operations)
    for (const id of ids) assert.ok(id in missing(), `${name}: ${id}`);
});

describe('no credentials', () => {
  for (const operation of operations) {
    test(operation.name, async () => {
      const answers = [];
      for (const ids of [alice.ids, missing()])
        answers.push(await sendOperation(bob.client, operation, ids, { send: bob.client.send.bind(bob.client) }));
      assert.equal(answers[0].status, 401, answers[0].body);
      assert.deepEqual(seen(answers[0]), seen(answers[1]));
    });
  }
});

// Contract: another project is 403, whether it exists or not.
harmless("another tenant's project", () => {
  for (const operation of tenants.filter(({ ids }) => ids.includes('project_id'))) {
    test(operation.name, async () => {
      const theirs = await sendOperation(bob.client, operation, alice.ids);
      const none = await sendOperation(bob.client, operation, missing());
      const half = await sendOperation(bob.client, operation, { ...missing(), project_id: alice.projectId });
      assertForbidden(theirs, operation.name);
      assert.deepEqual(seen(theirs), seen(none));
      assert.deepEqual(seen(theirs), seen(half));
    });
  }
});

harmless("another tenant's instance or task, under one's own project", () => {
  for (const operation of tenants) {
    for (const id of operation.ids.filter((name) => name !== 'project_id')) {
      test(`${operation.name}: ${id}`, async () => {
          const theirs = await sendOperation(bob.client, operation, { ...bob.ids, [id]: alice.ids[id] });
        const none = await sendOperation(bob.client, operation, { ...bob.ids, [id]: missing()[id] });
        assert.ok([204, 400, 404].includes(theirs.status), theirs.body);
        assert.deepEqual(seen(theirs), seen(none));
        });
    }
  }
});

test("a filter by another tenant's instance finds what a filter by none does", async () => {
  const of = (id) => bob.client.get(`${bob.instances}?instance_id=${id}`);
  const theirs = await of(alice.ids.instance_id);
  assert.equal(theirs.status, 200);
  assert.deepEqual(seen(theirs), seen(await of(randomUUID())));
  assert.equal((await of(bob.ids.instance_id)).json.instance_num, 1);
});

harmless('a tenant at the administration interface', () => {
  for (const operation of administration) {
    test(operation.name, async () => {
      const own = await sendOperation(alice.client, operation, alice.ids);
      const none = await sendOperation(alice.client, operation, missing());
      assertForbidden(own, operation.name);
      assert.deepEqual(seen(own), seen(none));
    });
  }
});

describe("an operator at tenants' operations", () => {
  for (const operation of tenants) {
    test(operation.name, async () => {
      const theirs = await sendOperation(operator, operation, alice.ids);
      const none = await sendOperation(operator, operation, missing());
      assertForbidden(theirs, operation.name);
      assert.deepEqual(seen(theirs), seen(none));
    });
  }
});

// An operator may see all; one project's instance is still not another one's.
harmless("an operator, with an instance of another project", () => {
  for (const operation of administration.filter(({ ids }) => ids.includes('instance_id'))) {
    test(operation.name, async () => {
      const mixed = await sendOperation(operator, operation, { ...bob.ids, instance_id: alice.ids.instance_id });
      const none = await sendOperation(operator, operation, { ...bob.ids, instance_id: randomUUID() });
      assert.equal(mixed.status, 404, mixed.body);
      assert.deepEqual(seen(mixed), seen(none));
    });
  }
});

// Allowed is what comes as far as looking for an instance that is not there.
const ownWithoutInstance = () => ({ ...missing(), project_id: alice.projectId });

for (const role of ['DCS FullAccess', 'DCS UserAccess', 'DCS ReadOnlyAccess']) {
  test(`role ${role}: every operation`, async () => {
    const client = await newKey(alice, { role });
    for (const operation of tenants) {
      const answer = await sendOperation(client, operation, ownWithoutInstance());
      if (role !== 'DCS ReadOnlyAccess' || operation.reads) assertAllowed(answer, operation.name);
      else assertForbidden(answer, operation.name);
    }
    for (const operation of administration)
      assertForbidden(await sendOperation(client, operation, missing()), operation.name);
  });
}

test('a policy of one action allows its operations and no other, for every action', async () => {
  for (const action of new Set(tenants.map((operation) => operation.action))) {
    const client = await newKey(alice, { policy: { actions: [action] } });
    for (const operation of tenants) {
      const answer = await sendOperation(client, operation, ownWithoutInstance());
      const what = `${action}: ${operation.name}`;
      if ([action, OWN_PROJECT].includes(operation.action)) assertAllowed(answer, what);
      else assertForbidden(answer, what);
    }
  }
});

test(`the alias ${ALIAS} is all but the instances and webhooks`, async () => {
  for (const role of ['DCS FullAccess', 'DCS ReadOnlyAccess']) {
    const client = await newKey(alice, { role, policy: { actions: [ALIAS] } });
    for (const operation of tenants) {
      const answer = await sendOperation(client, operation, ownWithoutInstance());
      const allowed = !INSTANCES.includes(operation.action) && !operation.action.startsWith('dcs:webhook:') && (role === 'DCS FullAccess' || operation.reads);
      if (allowed) assertAllowed(answer, operation.name);
      else assertForbidden(answer, operation.name);
    }
  }
});

test('a policy of one instance: another one is forbidden, whether it exists or not', async () => {
  const client = await newKey(alice, { policy: { instances: [alice.ids.instance_id] } });
  for (const operation of tenants.filter(({ ids }) => ids.includes('instance_id'))) {
    const own = await sendOperation(client, operation, { ...missing(), ...alice.ids, task_id: randomUUID() });
    assertAllowed(own, operation.name);
    const other = await sendOperation(client, operation, { ...alice.ids, instance_id: alice.other });
    const none = await sendOperation(client, operation, { ...alice.ids, instance_id: randomUUID() });
    const theirs = await sendOperation(client, operation, { ...alice.ids, instance_id: bob.ids.instance_id });
    assertForbidden(other, operation.name);
    assert.deepEqual(seen(other), seen(none));
    assert.deepEqual(seen(other), seen(theirs));
  }
});

// Whatever is answered to one who may see a single instance is silent about the others.
describe('a policy of one instance, where no instance is named', () => {
  for (const operation of tenants.filter(({ ids }) => !ids.includes('instance_id'))) {
    test(operation.name, async () => {
      const client = await newKey(alice, { policy: { instances: [alice.ids.instance_id] } });
      for (const query of ['', '?limit=1000', '?offset=1', `?instance_id=${alice.other}`, '?name=other']) {
        const answer = await sendOperation(client, operation, alice.ids, { query });
        assert.ok(!answer.body.includes(alice.other), answer.body);
      }
    });
  }
  test('the list has the one, and counts it', async () => {
    const client = await newKey(alice, { policy: { instances: [alice.ids.instance_id] } });
    const listed = (await client.get(alice.instances)).json;
    assert.deepEqual([listed.instance_num, listed.instances.map((i) => i.instance_id)], [1, [alice.ids.instance_id]]);
    assert.deepEqual((await client.get(`${alice.instances}?name=other`)).json, { instance_num: 0, instances: [] });
    assert.equal((await alice.client.get(alice.instances)).json.instance_num, 2);
  });
});

// Credentials first, then what they may do, then whether it is well-formed or exists.
test('the order of refusals', async () => {
  const client = await newKey(alice, { role: 'DCS ReadOnlyAccess' });
  const path = `${alice.instances}/nonsense/bigkey-task`;
  assert.equal((await client.send('POST', path)).status, 401);
  assert.equal((await client.post(path)).status, 403);
  assert.equal((await alice.client.post(path)).status, 400);
  assert.equal((await alice.client.post(`${alice.instances}/${randomUUID()}/bigkey-task`)).status, 404);
});
