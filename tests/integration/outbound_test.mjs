// Whom the programs dial: nothing that is forbidden, in whatever form it is written and whoever names it, and the
// address that was checked.  Every call of connect() is counted, or every connection to a listener.

import assert from 'node:assert/strict';
import net from 'node:net';
import readline from 'node:readline';
import { after, before, test } from 'node:test';
import { forbiddenHosts } from '../support/forbidden.mjs';
import { array, bulk, HostileServer, info, smallData } from '../support/hostile.mjs';
import { json } from '../support/http.mjs';
import { Program } from '../support/program.mjs';
import { canBind } from '../support/redis.mjs';
import { environmentOf, World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const DIALS = `${process.env.DCS_BUILD}/tests/dcs_dials`;
const DATABASE = '198.51.100.7';
const PORT = 6379;
const [SELF, OTHER] = ['a', 'b'].map((digit) => digit.repeat(40));
// Allowed by every list below, and there is nobody: what a way leads to where nothing forbids it.
const NOBODY = '203.0.113.9';
const KEYS = smallData(3);

const integer = (number) => `:${number}\r\n`;
const endpointOf = (host) => (host.includes(':') && !host.startsWith('[') ? `[${host}]:${PORT}` : `${host}:${PORT}`);

let server, dials, lines, here;

before(async () => {
  server = await HostileServer.start({}, KEYS);
  here = server.endpoint;
  dials = new Program('dials', DIALS, [`0.0.0.0/0,::/0,${here}`, `${DATABASE}:${PORT}=the database`]);
  lines = readline.createInterface({ input: dials.child.stdout })[Symbol.asyncIterator]();
});
after(async () => {
  dials?.child.stdin.end();
  await dials?.stop({ signal: 0 });
  await server?.stop();
});

// One scan: what came of it, and whom it dialled beside the server that it was sent to.
async function scan({ layout = 'one', endpoints = here, map = '-', master = '-', answer }, timeoutMs = 10_000) {
  server.script = { answer };
  dials.child.stdin.write(`${timeoutMs} ${layout} ${endpoints} ${map} ${master}\n`);
  const { value, done } = await lines.next();
  assert.ok(!done, dials.stderr);
  const result = JSON.parse(value);
  return { ...result, elsewhere: result.dialled.filter((address) => address !== here) };
}

const nodes = (...rows) => bulk(rows.map((row) => `${row.join(' ')}\n`).join(''));
const masterRow = (id, address, flags = 'master') => [id, `${address}@1`, flags, '-', 0, 0, 1, 'connected', '0-16383'];
const replicaRow = (id, address, of, flags = 'slave') => [id, `${address}@1`, flags, of, 0, 0, 1, 'connected'];
const slots = (...announced) => array([array([integer(0), integer(16383),
  ...announced.map(([host, port, id]) => array([bulk(host), integer(port), bulk(id)]))])]);

function cluster(slotsReply, nodesReply) {
  return ([name, what]) => {
    if (name === 'INFO') return info(KEYS.length, { redis_mode: 'cluster', cluster_enabled: 1 });
    if (name === 'READONLY') return '+OK\r\n';
    if (name === 'CLUSTER') return what === 'SLOTS' ? slotsReply : what === 'NODES' ? nodesReply : undefined;
    return undefined;
  };
}

const sentinelOf = (host, masters = []) => ([name, what]) => {
  if (name !== 'SENTINEL') return undefined;
  const fields = array(['name', 'main', 'ip', host, 'port', String(PORT), 'flags', 'slave'].map(bulk));
  if (what === 'masters') return array(masters.map((master) => array([bulk('name'), bulk(master)])));
  return what === 'get-master-addr-by-name' ? array([bulk(host), bulk(String(PORT))]) : array([fields]);
};

const redirecting = (code, host) => ([name]) => (name === 'TYPE' ? `-${code} 1 ${host}:${PORT}\r\n` : undefined);

const herePort = () => Number(here.split(':')[1]);

// Who names the host: an operator, or a server that the operator named.  What is only shown is dialled by nobody.
const WAYS = {
  'an endpoint': (host) => ({ endpoints: endpointOf(host) }),
  'an endpoint of several': (host) => ({ layout: 'replicated', endpoints: `${endpointOf(host)},${here}` }),
  'the seed of a cluster': (host) => ({ layout: 'cluster', endpoints: endpointOf(host) }),
  'CLUSTER NODES': (host) => ({ layout: 'cluster', answer: cluster('-ERR\r\n',
    nodes(masterRow(OTHER, `${host}:${PORT}`), replicaRow(SELF, here, OTHER, 'myself,slave'))) }),
  'CLUSTER SLOTS': (host) => ({ layout: 'cluster', answer: cluster(slots([host, PORT, OTHER]),
    nodes(masterRow(OTHER, `169.254.1.1:${PORT}`), replicaRow(SELF, here, OTHER, 'myself,slave'))) }),
  'a replica of a cluster': (host) => ({ layout: 'cluster', answer: cluster(
    slots(['127.0.0.1', herePort(), SELF], [host, PORT, OTHER]),
    nodes(masterRow(SELF, here, 'myself,master'), replicaRow(OTHER, `${host}:${PORT}`, SELF))) }),
  'an address map': (host) => ({ layout: 'cluster', map: `10.9.9.9:7000=${endpointOf(host)}`, answer: cluster('-ERR\r\n',
    nodes(masterRow(OTHER, '10.9.9.9:7000'), replicaRow(SELF, here, OTHER, 'myself,slave'))) }),
  'a Sentinel': (host) => ({ layout: 'replicated', master: 'main', answer: sentinelOf(host) }),
  'a Sentinel that tells its masters': (host) => ({ layout: 'replicated', answer: (words) => (words[0] === 'INFO'
    ? info(0, { redis_mode: 'sentinel' }) : sentinelOf(host, ['main'])(words)) }),
};
const SHOWN = {
  MOVED: (host) => ({ answer: redirecting('MOVED', host) }),
  ASK: (host) => ({ answer: redirecting('ASK', host) }),
  'INFO of a replica': (host) => ({ layout: 'replicated', answer: ([name]) => (name === 'INFO' ? info(KEYS.length,
    { role: 'slave', master_host: host, master_port: PORT, master_link_status: 'up', slave_repl_offset: 0 }) : undefined) }),
  'INFO of a master': (host) => ({ layout: 'replicated', answer: ([name]) => (name === 'INFO' ? info(KEYS.length,
    { connected_slaves: 1, slave0: `ip=${host},port=${PORT},state=online,offset=0,lag=0` }) : undefined) }),
};

test('each way leads to a host that is allowed', async () => {
  for (const [what, way] of Object.entries(WAYS)) {
    // It is tried again and again, as long as there is time.
    await until(`${what}: dialled`, async () => (await scan(way(NOBODY), 300)).elsewhere[0] === `${NOBODY}:${PORT}`);
  }
});

const HOSTS = forbiddenHosts(DATABASE);

test('there are two hundred hosts that are forbidden', () => assert.ok(HOSTS.length >= 200, String(HOSTS.length)));

for (const [what, way] of Object.entries({ ...WAYS, ...SHOWN })) {
  test(`${what} leads to none that is forbidden`, async () => {
    let forbidden = 0;
    for (const host of HOSTS) {
      const { elsewhere, code, reason } = await scan(way(host));
      assert.deepEqual(elsewhere, [], `${host}: ${code} ${reason}`);
      forbidden += code === 'OUTBOUND_FORBIDDEN';
    }
    // Without brackets or a dot behind all of them are hosts, and what is a host is refused for what it is.
    if (what === 'an endpoint') assert.ok(forbidden >= HOSTS.length - 4, `${forbidden} of ${HOSTS.length}`);
  });
}

// The server is looked at first, and scanned over another connection, for which its name is looked up again.
test('a name that changes its meaning is checked each time', async () => {
  const scanned = (address) => scan({ layout: 'replicated', endpoints: `${address}.twice.test:${herePort()}` });
  for (const address of ['169.254.169.254', '127.0.0.2', '0.0.0.0']) {
    const { dialled, reason } = await scanned(address);
    assert.deepEqual(dialled, [here], address);
    assert.match(reason, /must not be dialled/);
  }
  const { dialled } = await scanned(NOBODY);
  assert.deepEqual(dialled, [here, `${NOBODY}:${herePort()}`]);
});

// The same through everything, with listeners that count.

async function listener(t, host, port = 0) {
  const counting = net.createServer((socket) => {
    counting.connections++;
    socket.on('error', () => {}).destroy();
  });
  counting.connections = 0;
  await new Promise((resolve, reject) => counting.once('error', reject).listen({ host, port, ipv6Only: true }, resolve));
  t.after(() => counting.close());
  counting.port = counting.address().port;
  return counting;
}

// What is refused where it is typed, and what a probe refuses.
const NEVER = ['0.0.0.0', '0', '[::]', '169.254.169.254', '0xa9fea9fe', '2852039166', '[fe80::1%lo]', '[::ffff:a9fe:a9fe]',
  '[64:ff9b::a9fe:a9fe]', '[fd00:ec2::254]', '255.255.255.255', '224.0.0.1'];
const LOOPBACK = ['127.0.0.1', '127.9.9.9', '127.1', '2130706433', '0x7F.1', '[::1]', '[::ffff:127.0.0.1]', 'localhost'];

test('the worker and dcsctl dial nobody that is forbidden', async (t) => {
  const world = await World.open();
  t.after(() => world.close());
  const everywhere = await listener(t, '0.0.0.0');
  const everywhere6 = await canBind('::1') ? await listener(t, '::', everywhere.port) : { connections: 0 };
  const [database, service] = [await listener(t, '127.0.0.1'), await listener(t, '127.0.0.1')];
  const place = (port) => `127.0.0.1:${port}`;
  const hostile = await HostileServer.start({}, KEYS);
  t.after(() => hostile.stop());
  // The database's second host is never needed; everything but loopback is listed, and three ports of that.
  const settings = (name) => ({
    database_url: world.postgres.url(name).replace(/host=([^&]+)/, `host=$1,127.0.0.1&port=5432,${database.port}`),
    listen_http: place(service.port),
    redis_networks: ['0.0.0.0/0', '::/0', hostile.endpoint, place(database.port), place(service.port)].join(),
  });
  const site = await world.site();
  const alice = await site.tenant('alice');
  const operator = await site.operator();
  const own = settings(site.database);
  const worker = await site.startWorker({ ...own, probe_seconds: 1, attempts_max: 3 });
  const dcsctl = (...args) => world.dcsctl(site.database, args, { env: environmentOf(own) });
  const add = (name, endpoint, ...options) =>
    dcsctl('instance', 'add', name, '--project', 'alice', '--endpoint', endpoint, ...options);

  for (const host of NEVER) {
    const { status, stderr } = await add('never', `${host}:${everywhere.port}`);
    assert.equal(status, 2, host);
    assert.match(stderr, /is never dialled: it is/, host);
    const body = { name: 'never', endpoints: [`${host}:${everywhere.port}`] };
    const mapped = { name: 'never', endpoints: [hostile.endpoint], address_map: `a:1=${host}:1` };
    for (const [member, refused] of Object.entries({ endpoints: body, address_map: mapped })) {
      const answer = await operator.post(`/admin/v1/projects/${alice.projectId}/instances`, json(refused));
      assert.equal(answer.status, 400, host);
      assert.match(answer.json.detail, new RegExp(`^Invalid ${member} \\(.* is never dialled: it is .*\\) in the request`));
    }
  }
  const refused = [...LOOPBACK.map((host) => [`${host}:${everywhere.port}`, /must not be dialled: it is loopback/]),
    [place(database.port), /must not be dialled: it is the service's database/],
    [place(service.port), /must not be dialled: it is the service itself/]];
  for (const [i, [endpoint, reason]] of refused.entries()) {
    const { status, stderr } = await add(`refused-${i}`, endpoint);
    assert.equal(status, 1, endpoint);
    assert.match(stderr, reason, endpoint);
    await site.sql('UPDATE instance SET probe_error = NULL, probe_at = now() WHERE name = $1', [`refused-${i}`]);
  }
  // The worker itself cannot listen where this counts.
  const operations = await listener(t, '127.0.0.1');
  const listening = { ...own, listen_operations: place(operations.port), redis_networks: `${own.redis_networks},${place(operations.port)}` };
  const probed = await world.dcsctl(site.database,
    ['instance', 'add', 'operations', '--project', 'alice', '--endpoint', place(operations.port)], { env: environmentOf(listening) });
  assert.match(probed.stderr, /must not be dialled: it is the service itself/);
  await site.sql("DELETE FROM instance WHERE name = 'operations'");

  await until('the worker has probed all of them', async () => {
    const rows = await site.sql("SELECT probe_error FROM instance WHERE name LIKE 'refused-%' ORDER BY length(name), name");
    return rows.every(({ probe_error: error }, i) => refused[i][1].test(error));
  });

  // A server that is allowed, and sends its scan elsewhere.
  hostile.script = { answer: cluster(slots(['127.0.0.1', everywhere.port, OTHER]),
    nodes(masterRow(OTHER, place(everywhere.port)), replicaRow(SELF, hostile.endpoint, OTHER, 'myself,slave'))) };
  const sending = await alice.instance('sending', hostile.endpoint, '--cache-mode', 'cluster');
  const { id } = await sending.start();
  await until('the task ends', async () => (await site.inspect(id)).status === 'failed');
  const task = await site.inspect(id);
  assert.match(task.failure, new RegExp(`^${place(everywhere.port)}: .* must not be dialled: it is loopback`));
  assert.equal(task.attempt, 1);

  assert.deepEqual([everywhere, everywhere6, database, service, operations].map(({ connections }) => connections), [0, 0, 0, 0, 0]);
  assert.ok(worker.running);
  // That the listener counts.
  await world.dcsctl(site.database, ['instance', 'probe', 'refused-0', '--project', 'alice']);
  assert.ok(everywhere.connections > 0);
});
