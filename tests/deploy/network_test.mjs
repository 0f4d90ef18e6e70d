// Who may speak to whom, as the NetworkPolicies of every overlay say: nothing but what is listed here.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { database, overlays, smallDatabase } from '../support/deploy_overlays.mjs';
import { all, find, setting, workloads } from '../support/deploy_objects.mjs';
import { render } from '../support/kustomize.mjs';
import { Network, overlap } from '../support/network_policies.mjs';

// The networks that a worker never dials, metadata and link-local among them: no policy may name one either.
const NEVER = [...readFileSync(new URL('../../core/base/include/base/special_address.def', import.meta.url), 'utf8')
  .matchAll(/^X\("([^"]+)", (?:NEVER|LOOPBACK),/gm)].map(([, network]) => network);
const METADATA = ['169.254.169.254', '169.254.170.2', 'fd00:ec2::254', 'fe80::1'];
const PRIVATE = ['10.96.0.1', '10.255.255.1', '172.16.0.1', '192.168.1.1', '100.64.0.1', 'fd12::1'];
const PUBLIC = ['203.0.113.7', '2001:db8::1'];
const ELSEWHERE = [...PRIVATE, ...PUBLIC];
const PORTS = [22, 53, 80, 443, 4317, 4318, 5000, 5432, 6379, 6443, 8443, 9090, 10250, 26379];
const COLLECTOR = { namespace: 'observability', labels: { 'app.kubernetes.io/name': 'opentelemetry-collector' } };
const DNS = { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } };
const COMPONENTS = ['server', 'worker', 'migration', 'operator'];
const STRANGER = { component: 'a stranger', labels: {} };

const expectations = {
  kind: {
    database: [{ namespace: 'dcs-database', labels: { 'cnpg.io/cluster': 'dcs-database' } }],
    redis: [['10.244.3.9', 6379]], notRedis: [['10.244.3.9', 6380], ['10.245.0.1', 6379]],
    proxy: 'ingress-nginx', keystone: [],
  },
  production: {
    database: [{ address: '10.20.0.5' }],
    redis: [['10.64.1.1', 6379], ['10.64.255.255', 6399], ['10.65.0.9', 26379]],
    notRedis: [['10.64.1.1', 6400], ['10.64.1.1', 22], ['10.65.0.9', 6379], ['10.66.0.1', 6379]],
    proxy: 'envoy-gateway-system', keystone: [],
  },
};
expectations['production with all'] = { ...expectations.production, keystone: [['10.30.0.10', 5000]], traced: ['server', 'worker'] };
expectations['production with webhooks'] = { ...expectations.production, internet: true };

// Everything that is tried but may not be, as "who → whom:port".
function openings(objects, expected) {
  const network = new Network(objects);
  const found = [];
  const must = (is, wanted, what) => { if (is !== wanted) found.push(`${what} is ${is ? 'open' : 'closed'}`); };
  for (const { component, labels } of [...workloads(objects), STRANGER]) {
    const own = { namespace: 'dcs', labels };
    const known = component !== STRANGER.component;
    const sends = (other, port, wanted, protocol) =>
      must(network.sends(own, other, { port, protocol }), wanted, `${component} → ${JSON.stringify(other)}:${port}`);
    const receives = (other, port, wanted) =>
      must(network.receives(own, other, { port }), wanted, `${JSON.stringify(other)} → ${component}:${port}`);
    for (const port of PORTS) {
      for (const address of [...METADATA, ...PRIVATE]) sends({ address }, port, false);
      for (const address of PUBLIC) sends({ address }, port, Boolean(expected.internet) && component === 'worker' && port === 443);
      for (const other of COMPONENTS) sends({ namespace: 'dcs', labels: { ...labels, 'app.kubernetes.io/component': other } }, port, false);
      for (const namespace of ['default', DNS.namespace, 'dcs-database']) sends({ namespace, labels: {} }, port, false);
      for (const host of expected.database) sends(host, port, known && port === 5432);
      sends(COLLECTOR, port, port === 4318 && (expected.traced ?? []).includes(component));
      sends({ ...COLLECTOR, labels: {} }, port, false);
      sends(DNS, port, known && port === 53, 'UDP');
      sends(DNS, port, known && port === 53, 'TCP');
      for (const namespace of ['default', 'kube-system', 'dcs']) receives({ namespace, labels: {} }, port, false);
      receives({ address: '203.0.113.7' }, port, false);
      receives({ namespace: 'monitoring', labels: {} }, port, port === 9090 && ['server', 'worker'].includes(component));
      receives({ namespace: expected.proxy, labels: {} }, port, port === 8443 && component === 'server');
    }
    for (const [address, port] of expected.redis) sends({ address }, port, component === 'worker');
    for (const [address, port] of expected.notRedis) sends({ address }, port, false);
    for (const [address, port] of expected.keystone) sends({ address }, port, component === 'server');
    if (!expected.keystone.length) sends({ address: '10.30.0.10' }, 5000, false);
  }
  return found;
}

function broadRules(objects) {
  const network = new Network(objects);
  return [
    ...network.networks().filter(({ cidr, except = [] }) => NEVER.some((one) => overlap(cidr, one) && !except.includes(one)))
      .map(({ policy, cidr }) => `${policy}: ${cidr} holds what is never dialled`),
    ...network.networks().filter(({ ports }) => !ports.length).map(({ policy, cidr }) => `${policy}: every port of ${cidr}`),
    ...network.policies.flatMap(({ metadata, spec }) => [...(spec.egress ?? []), ...(spec.ingress ?? [])]
      .filter(({ to, from, ports }) => !(to ?? from)?.length || !ports?.length ||
        (to ?? from).some(({ namespaceSelector }) => namespaceSelector && !Object.keys(namespaceSelector.matchLabels ?? {}).length))
      .map(() => `${metadata.name}: has a rule without an end`)),
  ];
}

// The setting and the policy name the same networks: what the worker may not dial it need not reach, and the other way round.
function redisNetworks(objects) {
  const policies = new Network(objects).networks().filter(({ policy }) => policy === 'dcs-redis').flatMap(({ cidr, ports }) =>
    ports.map(({ port, endPort }) => `${cidr}:${port}${endPort ? `-${endPort}` : ''}`));
  return [policies.sort(), (setting(objects, 'worker', 'redis_networks') || 'any').split(',').sort()];
}

for (const [name, directory] of Object.entries(overlays)) {
  test(`${name}: each speaks to whom it must, and to nobody else`, () => {
    assert.deepEqual(openings(render(directory), expectations[name]), []);
    assert.deepEqual(broadRules(render(directory)), []);
  });

  test(`${name}: workers may dial what they may reach`, () => {
    const [policies, settings] = redisNetworks(render(directory));
    assert.deepEqual(policies, settings);
  });

  test(`${name}: Keystone is reached where it is configured`, () => {
    const objects = render(directory);
    assert.equal(Boolean(find(objects, 'NetworkPolicy', 'dcs-keystone')), setting(objects, 'server', 'identity_url') !== '');
  });

  test(`${name}: a collector of traces is reached where it is configured, and with a token where that is mounted`, () => {
    const objects = render(directory);
    for (const component of ['server', 'worker']) {
      const { spec } = find(objects, 'Deployment', `dcs-${component}`).spec.template;
      const mount = spec.containers[0].volumeMounts.find(({ name: volume }) => volume === 'traces');
      assert.equal(Boolean(find(objects, 'NetworkPolicy', 'dcs-traces')), setting(objects, component, 'trace_endpoint') !== '');
      assert.equal(setting(objects, component, 'trace_headers_file'), mount ? `${mount.mountPath}/headers` : '');
    }
  });
}

for (const [name, directory] of Object.entries({ database, 'small database': smallDatabase })) test(`${name}: speaks to the programs, to itself and to the cluster`, () => {
  const objects = render(directory);
  const network = new Network(objects);
  const own = { namespace: 'dcs-database', labels: { 'cnpg.io/cluster': 'dcs-database' } };
  const program = { namespace: 'dcs', labels: { 'app.kubernetes.io/name': 'dcs' } };
  assert.deepEqual(broadRules(objects), []);
  assert.ok(network.receives(own, program, { port: 5432 }));
  assert.ok(!network.receives(own, program, { port: 8000 }));
  assert.ok(!network.receives(own, { namespace: 'default', labels: program.labels }, { port: 5432 }));
  assert.ok(network.sends(own, own, { port: 5432 }) && network.receives(own, own, { port: 5432 }));
  for (const address of [...METADATA, ...ELSEWHERE]) assert.ok(!network.sends(own, { address }, { port: 443 }), address);
  assert.equal(find(objects, 'Namespace').metadata.labels['pod-security.kubernetes.io/enforce'], 'restricted');
});

const policy = (objects, name) => find(objects, 'NetworkPolicy', name);
const dropPolicy = (objects, name) => objects.splice(objects.indexOf(policy(objects, name)), 1);

test('an opening is found', () => {
  const ways = [
    (objects) => dropPolicy(objects, 'dcs-default-deny'),
    (objects) => { policy(objects, 'dcs-default-deny').spec.policyTypes = ['Ingress']; },
    (objects) => { policy(objects, 'dcs-default-deny').spec.podSelector = { matchLabels: { app: 'dcs' } }; },
    (objects) => { policy(objects, 'dcs-redis').spec.egress[0].to = [{ ipBlock: { cidr: '0.0.0.0/0' } }]; },
    (objects) => { policy(objects, 'dcs-redis').spec.egress[0].to = [{ ipBlock: { cidr: '169.254.0.0/16' } }]; },
    (objects) => { policy(objects, 'dcs-redis').spec.egress[0].to[0].ipBlock.cidr = '10.64.0.0/15'; },
    (objects) => { delete policy(objects, 'dcs-redis').spec.egress[0].ports; },
    (objects) => { delete policy(objects, 'dcs-redis').spec.egress[0].to; },
    (objects) => { policy(objects, 'dcs-redis').spec.podSelector = {}; },
    (objects) => { policy(objects, 'dcs-database').spec.egress[0].to[0].ipBlock.cidr = '10.0.0.0/8'; },
    (objects) => dropPolicy(objects, 'dcs-database'),
    (objects) => dropPolicy(objects, 'dcs-dns'),
    (objects) => { policy(objects, 'dcs-dns').spec.egress[0].to = [{ namespaceSelector: {} }]; },
    (objects) => { delete policy(objects, 'dcs-dns').spec.egress[0].to[0].podSelector; },
    (objects) => { policy(objects, 'dcs-operations').spec.ingress[0].from[0].namespaceSelector = {}; },
    (objects) => { delete policy(objects, 'dcs-operations').spec.ingress[0].ports; },
    (objects) => { policy(objects, 'dcs-operations').spec.podSelector.matchExpressions = []; },
    (objects) => { policy(objects, 'dcs-api').spec.ingress[0].from.push({ podSelector: {} }); },
    (objects) => { policy(objects, 'dcs-api').spec.podSelector = {}; },
    (objects) => { policy(objects, 'dcs-api').spec.ingress[0].ports[0].port = 9090; },
    (objects) => { policy(objects, 'dcs-keystone').spec.podSelector = {}; },
    (objects) => dropPolicy(objects, 'dcs-keystone'),
    (objects) => { policy(objects, 'dcs-traces').spec.podSelector = {}; },
    (objects) => { delete policy(objects, 'dcs-traces').spec.egress[0].to[0].podSelector; },
    (objects) => { policy(objects, 'dcs-traces').spec.egress[0].ports[0].port = 4317; },
    (objects) => dropPolicy(objects, 'dcs-traces'),
  ];
  for (const spoil of ways) {
    const objects = render(overlays['production with all']);
    spoil(objects);
    assert.notDeepEqual([...openings(objects, expectations['production with all']), ...broadRules(objects)], [], spoil.toString());
  }
});

test('a network that holds metadata is found by itself', () => {
  assert.ok(NEVER.includes('169.254.0.0/16') && NEVER.length > 15);
  for (const cidr of ['0.0.0.0/0', '169.254.169.254/32', '168.0.0.0/5', '::/0', 'fe80::/64', '168.63.129.0/24', 'fd20:ce::/32']) {
    const objects = render(overlays.production);
    policy(objects, 'dcs-database').spec.egress[0].to.push({ ipBlock: { cidr } });
    assert.match(broadRules(objects).join(), /never dialled/, cidr);
  }
});

test('a setting that says more than the policy, or less, is found', () => {
  for (const networks of ['10.64.0.0/16:6379-6399', '10.64.0.0/16,10.65.0.0/16:26379', '']) {
    const objects = render(overlays.production);
    all(objects, 'ConfigMap').find(({ metadata }) => metadata.name.startsWith('dcs-worker')).data.DCS_REDIS_NETWORKS = networks;
    const [policies, settings] = redisNetworks(objects);
    assert.notDeepEqual(policies, settings, networks);
  }
});
