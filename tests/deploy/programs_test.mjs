// What a cluster would start, started here: the Job's command migrates a real database and grants; server and worker come up with
// the variables of the manifests, as their roles, with files of the modes that Kubernetes gives them; each probe is answered at
// its path; and both end in time.

import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, mkdirSync, readFileSync, readdirSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { overlays } from '../support/deploy_overlays.mjs';
import { environment, workloads } from '../support/deploy_objects.mjs';
import { render } from '../support/kustomize.mjs';
import { metricsOf, queries } from '../support/monitoring.mjs';
import { ROLES } from '../support/postgres.mjs';
import { Operations } from '../support/probes.mjs';
import { run } from '../support/program.mjs';
import { PROGRAMS, World } from '../support/site.mjs';

// Secrets' mode 0400, and the group's right to read that fsGroup adds.
const MOUNTED = 0o440;
const O_ACCMODE = 3;

let world, database, objects;
let exposed = '';

before(async () => {
  world = await World.open();
  database = await world.postgres.createDatabase();
  objects = render(overlays.production);
});
after(() => world?.close());

// The variables of a component's container, with its directories under one of ours and free ports.
function prepare(component, from = objects) {
  const { spec, containers: [container] } = workloads(from).find((one) => one.component === component);
  const root = join(world.directory, component);
  const put = (path, content) => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), content);
    chmodSync(join(root, path), MOUNTED);
  };
  const files = {
    secret: () => put('etc/dcs/secret/dcs.conf', `database_url = ${world.postgres.url(database, ROLES[component])}\n`),
    keys: () => put('etc/dcs/keys/key-encryption.key', readFileSync(world.keyFile)),
    tls: () => {
      put('etc/dcs/tls/tls.crt', readFileSync(world.certificates.certificate));
      put('etc/dcs/tls/tls.key', readFileSync(world.certificates.key));
    },
    'database-ca': () => put('etc/dcs/database/ca.crt', world.ca),
    traces: () => put('etc/dcs/traces/headers', 'Authorization: Bearer none\n'),
  };
  for (const { name } of spec.volumes) files[name]();
  const variables = Object.fromEntries(Object.entries(environment(from, container)).map(([name, value]) => [name,
    value.startsWith('/') ? join(root, value) : value.replace(/^0\.0\.0\.0:\d+$/, '127.0.0.1:0')]));
  return { spec, container, variables };
}

test('the Job migrates and grants, as often as it is run', async () => {
  const { container: { command: [program, ...args] }, variables } = prepare('migration');
  assert.equal(program, 'dcsctl');
  for (const expected of [/0001_/, /up to date/]) {
    const { status, stdout, stderr } = await run('migration', PROGRAMS.dcsctl, args, { env: variables });
    assert.equal(status, 0, stderr);
    assert.match(stdout, expected);
  }
  const roles = await world.postgres.sql(database, 'SELECT purpose, role FROM database_role ORDER BY purpose');
  assert.deepEqual(roles.map(({ purpose, role }) => [purpose, role]),
    Object.entries(ROLES).sort(([one], [other]) => (one < other ? -1 : 1)));
});

for (const component of ['server', 'worker']) {
  test(`${component}: starts with what the manifest gives it, answers its probes, writes no file and ends in time`, async () => {
    const { spec, container, variables } = prepare(component);
    assert.deepEqual(container.command, [`dcs-${component}`]);
    const program = world.program(component, {}, { env: { ...variables, DCS_DRAIN_DELAY_SECONDS: '0' } });
    const operations = await Operations.of(program);
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe'])
      await operations.reaches(container[probe].httpGet.path, 200);
    exposed += (await operations.reaches('/metrics', 200)).body;
    for (const number of readdirSync(`/proc/${program.pid}/fd`)) {
      const path = readlinkSync(`/proc/${program.pid}/fd/${number}`);
      if (!path.startsWith('/') || path.startsWith('/dev/') || !statSync(path, { throwIfNoEntry: false })?.isFile()) continue;
      const flags = Number.parseInt(/flags:\s*(\d+)/.exec(readFileSync(`/proc/${program.pid}/fdinfo/${number}`, 'utf8'))[1], 8);
      assert.equal(flags & O_ACCMODE, 0, `${path} is open for writing`);
    }
    await program.stop({ deadlineMs: spec.terminationGracePeriodSeconds * 1000 });
  });

  test(`${component}: a variable that Kubernetes would make of a Service is refused`, async () => {
    const { variables } = prepare(component);
    const program = world.program(component, {}, { env: { ...variables, DCS_SERVER_SERVICE_HOST: '10.96.7.7' } });
    assert.notEqual(await program.wait(), 0);
    assert.match(program.stderr, /server_service_host/i);
  });

  test(`${component}: a key file that everybody may read is refused`, async () => {
    const { variables } = prepare(component);
    chmodSync(variables.DCS_KEY_FILE, 0o444);
    const program = world.program(component, {}, { env: variables });
    assert.notEqual(await program.wait(), 0);
    assert.match(program.stderr, /others cannot read/);
  });
}

// All series are there from the start, so that a label's value that is not there never will be.
test('what alerts and dashboards ask for is what the programs tell', () => {
  const series = [...exposed.matchAll(/^(\w+)(?:{(.*)})? /gm)].map(([, name, labels = '']) => ({
    name, labels: Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, value]) => [label, value])) }));
  const is = { '=': (one, other) => one === other, '!=': (one, other) => one !== other, '=~': (one, other) => new RegExp(`^(${other})$`).test(one) };
  const isThere = (metric) => series.some(({ name, labels }) => name === metric.name &&
    metric.labels.every(({ label, operator, value }) => is[operator](labels[label] ?? '', value)));
  assert.ok(series.length > 100);
  assert.ok(!isThere({ name: 'dcs_ready', labels: [{ label: 'class', operator: '=', value: '5xx' }] }));
  for (const [where, list] of Object.entries(queries)) {
    for (const metric of list.flatMap(metricsOf)) assert.ok(metric.name === 'up' || isThere(metric), `${where}: ${JSON.stringify(metric)}`);
  }
  const labels = new Set(series.flatMap((one) => Object.keys(one.labels)).concat('job', 'instance', 'namespace'));
  const own = Object.values(queries).flat().filter((query) => !query.includes('certmanager_'));
  for (const [, names] of own.join('\n').matchAll(/ by \(([^)]*)\)/g))
    for (const name of names.split(/,\s*/)) assert.ok(labels.has(name), `by (${name})`);
});

for (const [name, overlay] of Object.entries(overlays)) {
  for (const component of ['server', 'worker']) {
    test(`${name}: ${component}: its settings are good`, async () => {
      const { variables } = prepare(component, render(overlay));
      // Keystone's password is in the Secret with the database's, as README.md has it.
      if (variables.DCS_IDENTITY_URL) {
        chmodSync(variables.DCS_CONFIG, 0o600);
        appendFileSync(variables.DCS_CONFIG, 'identity_password = of-the-server\n');
      }
      const check = (changed) => run(component, PROGRAMS[component], ['--check-config'], { env: { ...variables, ...changed } });
      const { status, stderr } = await check({});
      assert.equal(status, 0, stderr);
      assert.equal((await check({ DCS_TRUSTED_PROXIES: `${variables.DCS_TRUSTED_PROXIES}x`, DCS_REDIS_NETWORKS: `${variables.DCS_REDIS_NETWORKS}x` })).status, 1);
    });
  }
}

test('the place for dcsctl has what dcsctl needs', async () => {
  const { variables } = prepare('operator');
  const { status, stderr } = await run('operator', PROGRAMS.dcsctl, ['key', 'add', '--operator'], { env: variables });
  assert.equal(status, 0, stderr);
});
