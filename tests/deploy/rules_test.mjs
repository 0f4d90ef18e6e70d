// Every overlay keeps every rule of tests/support/deploy_rules.mjs, and a manifest that does not is found: each rule is broken
// in each way that it is about.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { database, overlays, smallDatabase } from '../support/deploy_overlays.mjs';
import { all, find } from '../support/deploy_objects.mjs';
import { rules } from '../support/deploy_rules.mjs';
import { databaseRules } from '../support/deploy_rules_around.mjs';
import { ROLES } from '../support/postgres.mjs';
import { applyOperations, podTemplate, render } from '../support/kustomize.mjs';

const deployment = (objects, component = 'server') => find(objects, 'Deployment', `dcs-${component}`);
const pod = (objects, component) => podTemplate(deployment(objects, component)).spec;
const container = (objects, component) => pod(objects, component).containers[0];
const configMap = (objects, component = 'server') => all(objects, 'ConfigMap').find(({ metadata }) =>
  metadata.name.startsWith(`dcs-${component}-`));
const job = (objects) => find(objects, 'Job').spec.template.spec;
const operator = (objects) => find(objects, 'CronJob').spec.jobTemplate.spec.template.spec;
const removed = (object, path) => applyOperations(object, [{ op: 'remove', path }]);
const autoscaler = (objects, component = 'server') => find(objects, 'HorizontalPodAutoscaler', `dcs-${component}`);
const drop = (objects, object) => objects.splice(objects.indexOf(object), 1);

const breakages = {
  'the namespace enforces Pod Security restricted': [
    (objects) => { find(objects, 'Namespace').metadata.labels['pod-security.kubernetes.io/enforce'] = 'baseline'; },
    (objects) => { delete find(objects, 'Namespace').metadata.labels['pod-security.kubernetes.io/audit']; },
    (objects) => { delete find(objects, 'Namespace').metadata.labels['pod-security.kubernetes.io/warn']; },
    (objects) => drop(objects, find(objects, 'Namespace')),
  ],
  'pods are restricted': [
    (objects) => { delete pod(objects).securityContext.runAsNonRoot; },
    (objects) => { pod(objects, 'worker').securityContext.runAsUser = 0; },
    (objects) => { delete pod(objects).securityContext.seccompProfile; },
    (objects) => { job(objects).securityContext.seccompProfile.type = 'Unconfined'; },
    (objects) => { operator(objects).hostNetwork = true; },
    (objects) => { pod(objects).hostPID = true; },
    (objects) => { pod(objects).volumes.push({ name: 'node', hostPath: { path: '/' } }); },
    (objects) => { pod(objects).securityContext.sysctls = [{ name: 'net.core.somaxconn', value: '1' }]; },
  ],
  'containers are restricted': [
    (objects) => { delete container(objects).securityContext.allowPrivilegeEscalation; },
    (objects) => { container(objects).securityContext.privileged = true; },
    (objects) => { container(objects, 'worker').securityContext.readOnlyRootFilesystem = false; },
    (objects) => { container(objects).securityContext.capabilities.add = ['NET_BIND_SERVICE']; },
    (objects) => { container(objects).securityContext.capabilities = {}; },
    (objects) => { delete job(objects).containers[0].securityContext; },
    (objects) => { container(objects).ports[0].hostPort = 443; },
    (objects) => { container(objects).securityContext.runAsUser = 0; },
    (objects) => { pod(objects).initContainers = [{ name: 'init', image: container(objects).image }]; },
  ],
  'no pod has a token, each program an account of its own without a role': [
    (objects) => { delete pod(objects).automountServiceAccountToken; },
    (objects) => { pod(objects).serviceAccountName = 'default'; },
    (objects) => { pod(objects, 'worker').serviceAccountName = 'dcs-server'; },
    (objects) => drop(objects, find(objects, 'ServiceAccount', 'dcs-worker')),
    (objects) => { find(objects, 'ServiceAccount').automountServiceAccountToken = true; },
    (objects) => { objects.push({ kind: 'RoleBinding', metadata: { name: 'dcs' } }); },
  ],
  'everything asks for what it needs and has a limit': ['cpu', 'memory', 'ephemeral-storage'].flatMap((what) =>
    ['requests', 'limits'].map((kind) => (objects) => { delete container(objects, 'worker').resources[kind][what]; })),
  'programs are probed at the operations port': [
    (objects) => { delete container(objects).startupProbe; },
    (objects) => { container(objects).readinessProbe.httpGet.path = '/healthz'; },
    (objects) => { container(objects, 'worker').livenessProbe.httpGet.path = '/readyz'; },
    (objects) => { container(objects).livenessProbe.httpGet.port = 8443; },
    (objects) => { configMap(objects).data.DCS_LISTEN_OPERATIONS = '127.0.0.1:9090'; },
    (objects) => { container(objects).livenessProbe.periodSeconds = 1; },
  ],
  'there is time to stop': [
    (objects) => { pod(objects).terminationGracePeriodSeconds = 40; },
    (objects) => { configMap(objects).data.DCS_DRAIN_SECONDS = '60'; },
    (objects) => { configMap(objects, 'worker').data.DCS_STOP_SECONDS = '40'; },
    (objects) => { delete pod(objects, 'worker').terminationGracePeriodSeconds; },
    (objects) => { delete configMap(objects).data.DCS_DRAIN_DELAY_SECONDS; },
    (objects) => { container(objects).lifecycle = { preStop: { sleep: { seconds: 30 } } }; },
  ],
  'servers are replaced before they go': [
    (objects) => { deployment(objects).spec.strategy.rollingUpdate.maxUnavailable = 1; },
    (objects) => { deployment(objects).spec.strategy = { type: 'Recreate' }; },
    (objects) => { deployment(objects).spec.strategy.rollingUpdate.maxSurge = 0; },
  ],
  'nodes can be drained, one pod at a time': [
    (objects) => drop(objects, find(objects, 'PodDisruptionBudget')),
    (objects) => { find(objects, 'PodDisruptionBudget').spec.maxUnavailable = 0; },
    (objects) => { find(objects, 'PodDisruptionBudget').spec.selector = { matchLabels: { app: 'dcs' } }; },
    (objects) => { find(objects, 'PodDisruptionBudget').spec.selector = {}; },
    (objects) => { delete deployment(objects).spec.selector.matchLabels['app.kubernetes.io/component']; },
    (objects) => { delete find(objects, 'PodDisruptionBudget').spec.selector.matchLabels['app.kubernetes.io/component']; },
  ],
  'pods are spread over zones and nodes': [
    (objects) => removed(pod(objects), '/topologySpreadConstraints/0'),
    (objects) => removed(pod(objects, 'worker'), '/topologySpreadConstraints/1'),
    (objects) => { pod(objects).topologySpreadConstraints[0].labelSelector = { matchLabels: { app: 'dcs' } }; },
    (objects) => { delete pod(objects).topologySpreadConstraints[0].labelSelector.matchLabels['app.kubernetes.io/component']; },
  ],
  'secrets are referred to, never written down': [
    (objects) => { objects.push({ kind: 'Secret', metadata: { name: 'dcs-keys' } }); },
    (objects) => { configMap(objects).data.DCS_DATABASE_URL = 'postgresql://db/dcs'; },
    (objects) => { container(objects).env.push({ name: 'DCS_IDENTITY_PASSWORD', value: 'x' }); },
    (objects) => { job(objects).containers[0].command.push('postgresql://dcs:hunter2@db/dcs'); },
    (objects) => { configMap(objects, 'worker').data.KEY = '0123456789abcdef'.repeat(4); },
  ],
  'secrets are files that only the program reads': [
    (objects) => { pod(objects).volumes[1].secret.defaultMode = 0o444; },
    (objects) => { delete pod(objects).volumes[1].secret.defaultMode; },
    (objects) => { delete pod(objects, 'worker').securityContext.fsGroup; },
    (objects) => { container(objects).volumeMounts[0].readOnly = false; },
    (objects) => { container(objects).volumeMounts[1].subPath = 'key-encryption.key'; },
    (objects) => { pod(objects).volumes = []; },
  ],
  'each program has its own secrets only': [
    (objects) => { pod(objects).volumes[0].secret.secretName = 'dcs-migration'; },
    (objects) => { pod(objects, 'worker').volumes.push({ name: 'tls', secret: { secretName: 'dcs-server-tls', defaultMode: 0o400 } }); },
    (objects) => { container(objects).env.push({ name: 'PGPASSWORD', valueFrom: { secretKeyRef: { name: 'dcs-server', key: 'x' } } }); },
    (objects) => { container(objects).envFrom.push({ secretRef: { name: 'dcs-server' } }); },
  ],
  'variables that the programs do not know are kept out': [
    (objects) => { delete pod(objects).enableServiceLinks; },
    (objects) => { configMap(objects).data.DCS_LOPS = '2'; },
    (objects) => { configMap(objects, 'worker').data.DCS_SCAN_THREADS = '0'; },
    (objects) => { configMap(objects, 'worker').data.DCS_SCAN_THREADS = 'many'; },
  ],
  'images are of one version': [
    (objects) => { container(objects).image = 'registry.example.org/dcs'; },
    (objects) => { container(objects).image = 'registry.example.org:5000/dcs'; },
    (objects) => { container(objects, 'worker').image = 'registry.example.org/dcs:latest'; },
    (objects) => { job(objects).containers[0].image = 'registry.example.org/dcs:0.9.0'; },
  ],
  'as many event loops as processors': [
    (objects) => { delete configMap(objects).data.DCS_LOOPS; },
    (objects) => { configMap(objects).data.DCS_LOOPS = '8'; },
  ],
  'autoscalers have the last word': [
    (objects) => { deployment(objects).spec.replicas = 3; },
    (objects) => { autoscaler(objects).spec.minReplicas = 1; },
    (objects) => { autoscaler(objects).spec.maxReplicas = 3; },
    (objects) => { delete autoscaler(objects, 'worker').spec.behavior; },
    (objects) => { autoscaler(objects, 'worker').spec.scaleTargetRef.name = 'dcs-workers'; },
  ],
  'what is named is there': [
    (objects) => { find(objects, 'Service', 'dcs-server').spec.selector = { app: 'dcs' }; },
    (objects) => { find(objects, 'Service', 'dcs-server').spec.ports[0].targetPort = 'http'; },
    (objects) => { container(objects).envFrom[0].configMapRef.name = 'dcs-server'; },
    (objects) => removed(pod(objects), '/volumes/2'),
    (objects) => removed(container(objects), '/volumeMounts/1'),
    (objects) => { find(objects, 'HTTPRoute').spec.rules[0].backendRefs[0].port = 8443; },
    (objects) => { find(objects, 'ServiceMonitor').spec.endpoints[0].port = 'metrics'; },
    (objects) => { find(objects, 'ServiceMonitor').spec.selector = {}; },
    (objects) => { find(objects, 'Certificate').spec.secretName = 'dcs-tls'; },
  ],
  'programs stand behind TLS, and clients behind their own address': [
    (objects) => { configMap(objects).data.DCS_LISTEN_HTTP = '0.0.0.0:8080'; },
    (objects) => { delete configMap(objects).data.DCS_TRUSTED_PROXIES; },
    (objects) => { delete find(objects, 'BackendTLSPolicy').spec.validation.caCertificateRefs; },
  ],
  'what every installation needs is there': ['Job', 'CronJob', 'HTTPRoute', 'Namespace', 'Service'].map((kind) =>
    (objects) => drop(objects, find(objects, kind))),
  'everything has a name, a namespace, and labels by which a rollout finds it': [
    (objects) => { delete find(objects, 'PodDisruptionBudget').metadata; },
    (objects) => { find(objects, 'Deployment').metadata.namespace = 'default'; },
    (objects) => { find(objects, 'NetworkPolicy').metadata.labels['app.kubernetes.io/component'] = 'server'; },
    (objects) => { delete deployment(objects).metadata.labels; },
    (objects) => { find(objects, 'Job').metadata.labels['app.kubernetes.io/component'] = 'server'; },
  ],
  'nothing asks for more than it may have': [
    (objects) => { container(objects).resources.requests.memory = '1Gi'; container(objects).resources.limits.memory = '512Mi'; },
    (objects) => { container(objects, 'worker').resources.requests.cpu = '2500m'; },
  ],
  'what runs once ends': [
    (objects) => { find(objects, 'CronJob').spec.suspend = false; },
    (objects) => { delete find(objects, 'CronJob').spec.suspend; },
    (objects) => { delete find(objects, 'Job').spec.activeDeadlineSeconds; },
    (objects) => { delete find(objects, 'CronJob').spec.jobTemplate.spec.ttlSecondsAfterFinished; },
    (objects) => { delete find(objects, 'Job').spec.backoffLimit; },
    (objects) => { job(objects).restartPolicy = 'OnFailure'; },
  ],
  'files that settings name are where they are mounted': [
    (objects) => { configMap(objects).data.DCS_TLS_KEY = '/etc/dcs/tls/tls.pem'; },
    (objects) => { delete configMap(objects).data.DCS_TLS_CERTIFICATE; },
    (objects) => { delete configMap(objects, 'worker').data.DCS_KEY_FILE; },
    (objects) => { container(objects, 'worker').env = []; },
    (objects) => { delete container(objects).envFrom[0].configMapRef; },
    (objects) => { job(objects).containers[0].env[0].value = '/etc/dcs/dcs.conf'; },
    (objects) => { pod(objects).volumes.find(({ name }) => name === 'database-ca').configMap.name = 'ca'; },
    (objects) => { job(objects).containers[0].volumeMounts.pop(); },
    (objects) => { delete container(objects).volumeMounts.at(-1).readOnly; },
  ],
  'the Service is for servers alone, and inside': [
    (objects) => { find(objects, 'Service', 'dcs-server').spec.type = 'LoadBalancer'; },
    (objects) => { delete find(objects, 'Service', 'dcs-server').spec.selector['app.kubernetes.io/component']; },
    (objects) => { delete find(objects, 'Service', 'dcs-server').spec.selector; },
    (objects) => { container(objects).ports.find(({ name }) => name === 'https').containerPort = 443; },
    (objects) => { configMap(objects).data.DCS_LISTEN_HTTPS = '127.0.0.1:8443'; },
    (objects) => { find(objects, 'Service', 'dcs-operations').spec.publishNotReadyAddresses = false; },
    (objects) => { find(objects, 'Service', 'dcs-operations').spec.selector['app.kubernetes.io/component'] = 'server'; },
  ],
  'clients come in by TLS, for hosts that are named': [
    (objects) => { Object.assign(find(objects, 'Gateway').spec.listeners[0], { protocol: 'HTTP', tls: undefined }); },
    (objects) => { find(objects, 'Gateway').spec.listeners[0].tls.mode = 'Passthrough'; },
    (objects) => { find(objects, 'Gateway').spec.listeners.push({ name: 'http', protocol: 'HTTP', port: 80 }); },
    (objects) => { delete find(objects, 'Gateway').spec.listeners[0].allowedRoutes; },
    (objects) => { find(objects, 'HTTPRoute').spec.hostnames = ['*']; },
    (objects) => { delete find(objects, 'HTTPRoute').spec.hostnames; },
    (objects) => { find(objects, 'HTTPRoute').spec.parentRefs[0].sectionName = 'http'; },
    (objects) => { find(objects, 'HTTPRoute').spec.rules = []; },
    (objects) => { delete find(objects, 'HTTPRoute').spec.rules[0].timeouts; },
    (objects) => { find(objects, 'BackendTLSPolicy').spec.validation.hostname = 'dcs'; },
    (objects) => { find(objects, 'BackendTLSPolicy').spec.validation.caCertificateRefs[0].name = 'another'; },
    (objects) => { find(objects, 'BackendTLSPolicy').spec.targetRefs[0].sectionName = 'http'; },
  ],
  'the certificate is for the name that is asked for, and renewed in time': [
    (objects) => { find(objects, 'Certificate').spec.dnsNames = ['dcs.example.org']; },
    (objects) => { find(objects, 'Certificate').spec.usages = ['client auth']; },
    (objects) => { find(objects, 'Certificate').spec.renewBefore = '240h'; },
    (objects) => { delete find(objects, 'Certificate').spec.renewBefore; },
    (objects) => { delete find(objects, 'Certificate').spec.privateKey; },
  ],
  'autoscalers look at load, workers\' at the queue': [
    (objects) => { delete autoscaler(objects, 'worker').spec.metrics; },
    (objects) => { autoscaler(objects, 'worker').spec.metrics = autoscaler(objects).spec.metrics; },
    (objects) => { autoscaler(objects, 'worker').spec.metrics[0].external.metric.name = 'dcs_tasks_waiting'; },
    (objects) => { autoscaler(objects).spec.metrics[0].resource.name = 'memory'; },
    (objects) => { autoscaler(objects).spec.metrics[0].resource.target.averageUtilization = 100; },
    (objects) => { autoscaler(objects).spec.scaleTargetRef.apiVersion = 'apps/v2'; },
    (objects) => { delete autoscaler(objects).spec.behavior.scaleUp; },
    (objects) => { autoscaler(objects, 'worker').spec.behavior.scaleDown.policies[0].value = 5; },
    (objects) => { autoscaler(objects, 'worker').spec.behavior.scaleDown.policies = []; },
  ],
  'what is scraped has the names that alerts look for': [
    (objects) => { find(objects, 'ServiceMonitor').spec.endpoints[0].path = '/'; },
    (objects) => { find(objects, 'ServiceMonitor').spec.endpoints[0].relabelings.shift(); },
    (objects) => { find(objects, 'ServiceMonitor').spec.endpoints[0].relabelings[0].replacement = '$1'; },
    (objects) => { find(objects, 'ServiceMonitor').spec.endpoints[0].relabelings.pop(); },
    (objects) => { find(objects, 'ServiceMonitor').spec.endpoints[0].interval = '300s'; },
    (objects) => { find(objects, 'ServiceMonitor').spec.namespaceSelector.matchNames = ['default']; },
    (objects) => { find(objects, 'ServiceMonitor').spec.endpoints = []; },
  ],
  'probes notice in time, and not at once': [
    (objects) => { container(objects).startupProbe.failureThreshold = 3; },
    (objects) => { container(objects, 'worker').startupProbe.failureThreshold = 3600; },
    (objects) => { container(objects).readinessProbe.periodSeconds = 60; },
    (objects) => { container(objects).livenessProbe.failureThreshold = 60; },
    (objects) => { delete container(objects).livenessProbe.timeoutSeconds; },
  ],
};

const cluster = (objects) => find(objects, 'Cluster').spec;
const databaseBreakages = {
  'the namespace enforces Pod Security restricted': ['enforce', 'audit', 'warn'].map((mode) =>
    (objects) => { delete find(objects, 'Namespace').metadata.labels[`pod-security.kubernetes.io/${mode}`]; }),
  'connections are by TLS, passwords by reference': [
    (objects) => { cluster(objects).postgresql.pg_hba = ['host all all all trust']; },
    (objects) => { delete cluster(objects).postgresql.parameters.password_encryption; },
    (objects) => { cluster(objects).enableSuperuserAccess = true; },
    (objects) => { delete cluster(objects).bootstrap.initdb.secret; },
    (objects) => { delete cluster(objects).managed.roles[0].passwordSecret; },
    (objects) => { cluster(objects).managed.roles[0].passwordSecret.name = 'dcs-database-worker'; },
  ],
  'the roles are those that the Job grants to': [
    (objects) => { cluster(objects).managed.roles.pop(); },
    (objects) => { cluster(objects).managed.roles[0].superuser = true; },
    (objects) => { cluster(objects).managed.roles[1].inRoles = ['dcs']; },
  ],
  'a commit is on a second instance, where there is one': [
    (objects) => { delete cluster(objects).postgresql.synchronous; },
    (objects) => { cluster(objects).instances = 2; },
    (objects) => { delete cluster(objects).affinity; },
    (objects) => { delete cluster(objects).resources; },
    (objects) => { delete cluster(objects).bootstrap.initdb.dataChecksums; },
  ],
};

for (const [name, directory] of Object.entries(overlays)) {
  for (const [what, rule] of Object.entries(rules))
    test(`${name}: ${what}`, () => assert.deepEqual(rule(render(directory)), []));
}

test('every rule is broken', () => assert.deepEqual(Object.keys(breakages).sort(), Object.keys(rules).sort()));

for (const [what, ways] of Object.entries(breakages)) {
  test(`found where it is not so: ${what}`, () => {
    for (const spoil of ways) {
      const objects = render(overlays.production);
      spoil(objects);
      assert.notDeepEqual(rules[what](objects), [], spoil.toString());
    }
  });
}

test('found where it is not so: an Ingress that does not verify the server', () => {
  const objects = render(overlays.kind);
  find(objects, 'Ingress').metadata.annotations['nginx.ingress.kubernetes.io/proxy-ssl-verify'] = 'off';
  assert.notDeepEqual(rules['programs stand behind TLS, and clients behind their own address'](objects), []);
});

test('found where it is not so: an Ingress for hosts without a certificate, or with another authority', () => {
  for (const spoil of [(ingress) => { delete ingress.spec.tls; }, (ingress) => { delete ingress.spec.rules[0].host; },
    (ingress) => { ingress.metadata.annotations['nginx.ingress.kubernetes.io/proxy-ssl-name'] = 'dcs'; },
    (ingress) => { delete ingress.metadata.annotations['nginx.ingress.kubernetes.io/proxy-ssl-secret']; }]) {
    const objects = render(overlays.kind);
    spoil(find(objects, 'Ingress'));
    assert.notDeepEqual(rules['clients come in by TLS, for hosts that are named'](objects), [], spoil.toString());
  }
});

for (const [what, rule] of Object.entries(databaseRules)) {
  test(`the database: ${what}`, () => {
    for (const directory of [database, smallDatabase]) assert.deepEqual(rule(render(directory), Object.values(ROLES)), []);
    assert.ok(databaseBreakages[what].length);
    for (const spoil of databaseBreakages[what]) {
      const objects = render(database);
      spoil(objects);
      assert.notDeepEqual(rule(objects, Object.values(ROLES)), [], spoil.toString());
    }
  });
}
