// What overlays promise of the objects around the programs: how clients come in, what scales, watches, migrates and rolls out.
// Rules as those of deploy_rules.mjs, which has them in its list.

import { all, deployments, each, environment, find, matches, setting, workloads } from './deploy_objects.mjs';
import { describe } from './kubernetes.mjs';

const NAME = 'app.kubernetes.io/name';
const COMPONENT = 'app.kubernetes.io/component';
const MIGRATION_SECONDS_MAX = 7200;
// The alert for certificates fires two weeks before the end: a renewal has to be due well before that.
const RENEWAL_HOURS = 3 * 7 * 24;
const SERVER = 'dcs-server.dcs.svc';
const CLUSTER_WIDE = ['Namespace'];
// What is rolled out later than all else, step by step.
const STEPS = ['server', 'worker', 'migration'];
// Files of what manifests refer to, as deploy/kubernetes/README.md makes it.
const MEMBERS = { 'dcs-keys': ['key-encryption.key'], 'dcs-server-tls': ['tls.crt', 'tls.key'], 'dcs-database-ca': ['ca.crt'],
  'dcs-traces': ['headers'] };
const IN_DIRECTORY = ['dcs.conf'];

const FACTORS = { m: 1e-3, Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3, '': 1 };
const quantity = (text) => {
  const [, number, suffix] = /^(\d+(?:\.\d+)?)(m|[KMG]i)?$/.exec(text);
  return Number(number) * FACTORS[suffix ?? ''];
};
const hours = (text) => Number(/^(\d+)h$/.exec(text ?? '')?.[1]);

// What a pod of a component is called as a target, by the relabelling of a monitor; undefined where it is dropped.
function jobOf(relabelings, labels) {
  let job = 'listed';
  for (const { sourceLabels = [], targetLabel, regex = '(.*)', replacement = '$1', action = 'replace' } of relabelings) {
    const text = sourceLabels.map((name) => labels[name] ?? '').join(';');
    const found = new RegExp(`^(?:${regex})$`).exec(text);
    if (action === 'drop' && found) return undefined;
    if (action === 'replace' && targetLabel === 'job' && found) job = replacement.replace('$1', found[1]);
  }
  return job;
}

const relabelled = ({ spec }, component, phase) => jobOf(spec.endpoints[0]?.relabelings ?? [],
  { __meta_kubernetes_pod_label_app_kubernetes_io_component: component, __meta_kubernetes_pod_phase: phase });

// A listener's or an ingress' certificate, host by host.
const secured = (objects) => [
  ...all(objects, 'Gateway').flatMap(({ spec }) => spec.listeners.filter(({ protocol, tls }) =>
    protocol === 'HTTPS' && tls?.mode === 'Terminate' && tls.certificateRefs?.length).map(({ hostname }) => hostname)),
  ...all(objects, 'Ingress').flatMap(({ spec }) => (spec.tls ?? []).filter(({ secretName }) => secretName).flatMap(({ hosts }) => hosts)),
];

export const around = {
  'what every installation needs is there': (objects) => [['Namespace', 'dcs'], ['Deployment', 'dcs-server'], ['Deployment', 'dcs-worker'],
    ['Job', 'dcs-migration'], ['CronJob', 'dcs-operator'], ['Service', 'dcs-server'], ['NetworkPolicy', 'dcs-default-deny'],
  ].filter(([kind, name]) => !find(objects, kind, name)).map(([kind, name]) => `no ${kind} ${name}`)
    .concat(all(objects, 'HTTPRoute').length + all(objects, 'Ingress').length === 1 ? [] : ['not one way in']),

  'everything has a name, a namespace, and labels by which a rollout finds it': (objects) => each(objects, (object) => ({
    'has no name': !/^dcs(-|$)/.test(object.metadata?.name ?? ''),
    'is in another namespace': object.metadata?.namespace !== (CLUSTER_WIDE.includes(object.kind) ? undefined : 'dcs'),
    'is not marked as ours': ![NAME, 'app.kubernetes.io/part-of'].some((label) => object.metadata?.labels?.[label] === 'dcs'),
    'comes too late': ['Namespace', 'NetworkPolicy', 'ConfigMap'].includes(object.kind) && STEPS.includes(object.metadata?.labels?.[COMPONENT]),
  })).concat(each(workloads(objects), ({ object, component, labels }) => ({
    'has another label than its pods': object.metadata?.labels?.[COMPONENT] !== component || labels[NAME] !== 'dcs',
  }))),

  'nothing asks for more than it may have': (objects) => each(workloads(objects), ({ containers }) => ({
    'asks for more': containers.some(({ resources: { requests = {}, limits = {} } = {} }) =>
      Object.entries(requests).some(([what, amount]) => limits[what] && quantity(amount) > quantity(limits[what]))),
  })),

  'what runs once ends': (objects) => each([...all(objects, 'Job').map((job) => [job, job.spec]),
    ...all(objects, 'CronJob').map((job) => [job, job.spec.jobTemplate.spec])].map(([object, spec]) => ({ ...object, run: spec })),
  ({ run, kind, spec: { suspend } }) => ({
    'may take forever': !(run.activeDeadlineSeconds > 0 && run.activeDeadlineSeconds <= MIGRATION_SECONDS_MAX),
    'stays for ever': !(run.ttlSecondsAfterFinished >= 0),
    'is tried without an end': !(run.backoffLimit >= 0 && run.backoffLimit <= 6),
    'starts its containers again': run.template.spec.restartPolicy !== 'Never',
    'runs by itself': kind === 'CronJob' && suspend !== true,
  })),

  'files that settings name are where they are mounted': (objects) => each(workloads(objects), ({ spec, containers, component }) => {
    const variables = containers.map((container) => environment(objects, container));
    const files = containers.flatMap(({ volumeMounts = [] }) => volumeMounts.flatMap(({ name, mountPath }) => {
      const { secret, configMap } = spec.volumes.find((volume) => volume.name === name) ?? {};
      return (MEMBERS[secret?.secretName ?? configMap?.name] ?? IN_DIRECTORY).map((file) => `${mountPath}/${file}`);
    }));
    const needed = ['DCS_CONFIG', ...(component === 'migration' ? [] : ['DCS_KEY_FILE']), ...(component === 'server' ? ['DCS_TLS_CERTIFICATE', 'DCS_TLS_KEY'] : [])];
    return {
      ...Object.fromEntries(variables.flatMap((own) => Object.values(own)).filter((value) => value?.startsWith('/'))
        .map((value) => [`no file ${value}`, !files.includes(value)])),
      ...Object.fromEntries(needed.map((name) => [`no ${name}`, variables.some((own) => !own[name])])),
      // Where the connection strings of README.md have the authority.
      'cannot verify the database': !files.includes('/etc/dcs/database/ca.crt'),
      'can write to what is mounted': containers.some(({ volumeMounts = [] }) => volumeMounts.some(({ readOnly }) => readOnly !== true)),
    };
  }),

  'the Service is for servers alone, and inside': (objects) => each(all(objects, 'Service'), ({ metadata, spec }) => {
    const pods = spec.selector ? workloads(objects).filter(({ labels }) => matches({ matchLabels: spec.selector }, labels)) : [];
    const own = pods.map(({ component }) => component);
    return {
      'is open to the outside': spec.type !== 'ClusterIP' || spec.externalIPs,
      'has other pods behind it': metadata.name === 'dcs-server' ? own.join() !== 'server' : !['server', 'worker'].every((name) => own.includes(name)),
      'goes to no port that is listened on': metadata.name === 'dcs-server' && !pods.every(({ containers: [{ ports }] }) => spec.ports.every(({ targetPort }) =>
        setting(objects, 'server', 'listen_https') === `0.0.0.0:${ports.find(({ name }) => name === targetPort)?.containerPort}`)),
      'hides who is not ready': metadata.name === 'dcs-operations' && (spec.publishNotReadyAddresses !== true || spec.clusterIP !== 'None'),
    };
  }),

  'clients come in by TLS, for hosts that are named': (objects) => [
    ...each(all(objects, 'Gateway'), ({ spec }) => ({
      'listens without TLS, or for all hosts': !spec.listeners.length || spec.listeners.some(({ hostname }) => !secured(objects).includes(hostname)),
      'takes others\' routes': spec.listeners.some(({ allowedRoutes }) => allowedRoutes?.namespaces?.from !== 'Same'),
    })),
    ...each(all(objects, 'HTTPRoute'), ({ spec }) => ({
      'belongs to no listener': !spec.parentRefs?.length || spec.parentRefs.some(({ name, sectionName }) =>
        !find(objects, 'Gateway', name)?.spec.listeners.some((listener) => listener.name === sectionName)),
      'is for hosts without a certificate': !spec.hostnames?.length || spec.hostnames.some((host) => !secured(objects).includes(host)),
      'leads nowhere': !spec.rules?.length || spec.rules.some(({ backendRefs }) => !backendRefs?.length),
      'waits without an end': spec.rules?.some(({ timeouts }) => !timeouts?.request),
    })),
    ...each(all(objects, 'Ingress'), ({ spec }) => ({
      'is for hosts without a certificate': !spec.rules?.length || spec.rules.some(({ host }) => !host || !secured(objects).includes(host)),
    })),
    ...each(all(objects, 'BackendTLSPolicy'), ({ spec: { targetRefs, validation } }) => ({
      'is about something else': targetRefs.some(({ group, kind, sectionName }) => group !== '' || kind !== 'Service' || sectionName !== 'https'),
      'asks for another name': validation.hostname !== SERVER,
      'has another authority': validation.caCertificateRefs?.some(({ group, kind, name }) => group !== '' || kind !== 'ConfigMap' || name !== 'dcs-server-ca'),
    })),
    ...each(all(objects, 'Ingress'), ({ metadata: { annotations = {} } }) => ({
      'asks for another name': annotations['nginx.ingress.kubernetes.io/proxy-ssl-name'] !== SERVER,
      'has another authority': annotations['nginx.ingress.kubernetes.io/proxy-ssl-secret'] !== 'dcs/dcs-server-ca',
    })),
  ],

  'the certificate is for the name that is asked for, and renewed in time': (objects) => each(all(objects, 'Certificate'), ({ spec }) => ({
    'is for another name': !spec.dnsNames?.includes(SERVER),
    'is no server\'s': !spec.usages?.includes('server auth'),
    'is renewed too late': !(hours(spec.renewBefore) >= RENEWAL_HOURS && hours(spec.duration) >= 2 * hours(spec.renewBefore)),
    'keeps its key': spec.privateKey?.rotationPolicy !== 'Always',
  })),

  'autoscalers look at load, workers\' at the queue': (objects) => each(all(objects, 'HorizontalPodAutoscaler'), ({ metadata, spec }) => {
    const [{ type, resource, external } = {}, ...others] = spec.metrics ?? [];
    const measures = metadata.name === 'dcs-server'
      ? type === 'Resource' && resource?.name === 'cpu' && resource.target.type === 'Utilization' && resource.target.averageUtilization >= 50 && resource.target.averageUtilization <= 90
      : type === 'External' && external?.metric.name === 'dcs_tasks_oldest_waiting_seconds' && external.target.type === 'Value' && Number(external.target.value) > 0;
    return {
      'looks at something else': !measures || others.length,
      'is about something else': spec.scaleTargetRef.apiVersion !== 'apps/v1' || spec.scaleTargetRef.name !== metadata.name,
      'goes up without a bound, or not': !spec.behavior?.scaleUp?.policies?.length,
      'goes down by more than one': !(spec.behavior?.scaleDown?.policies?.length === 1 &&
        spec.behavior.scaleDown.policies.every(({ type: kind, value }) => kind === 'Pods' && value === 1)),
    };
  }),

  'what is scraped has the names that alerts look for': (objects) => each(all(objects, 'ServiceMonitor'), (monitor) => ({
    'asks for nothing': monitor.spec.endpoints.length !== 1 || monitor.spec.endpoints[0].path !== '/metrics',
    'asks too seldom for the alerts': !(Number.parseInt(monitor.spec.endpoints[0]?.interval, 10) <= 60),
    'looks in another namespace': monitor.spec.namespaceSelector?.matchNames?.join() !== 'dcs',
    ...Object.fromEntries(['server', 'worker'].map((component) => [`calls a ${component} something else`, relabelled(monitor, component, 'Running') !== `dcs-${component}`])),
    'keeps what has ended': relabelled(monitor, 'server', 'Succeeded') !== undefined || relabelled(monitor, 'worker', 'Failed') !== undefined,
  })),

  'probes notice in time, and not at once': (objects) => each(deployments(objects), ({ containers: [own] }) => {
    const notice = (probe) => (own[probe]?.periodSeconds ?? 10) * (own[probe]?.failureThreshold ?? 3);
    return {
      'sends to what is not ready': !(notice('readinessProbe') <= 30),
      'waits for ever for a start': !(notice('startupProbe') >= 30 && notice('startupProbe') <= 300),
      'restarts too late': !(notice('livenessProbe') <= 120),
      'gives no time to answer': ['startupProbe', 'readinessProbe', 'livenessProbe'].some((probe) => !(own[probe]?.timeoutSeconds >= 2 && own[probe].timeoutSeconds <= 10)),
    };
  }),
};

// What the database of examples/ promises.
export const databaseRules = {
  'the namespace enforces Pod Security restricted': (objects) => each(all(objects, 'Namespace'), ({ metadata }) => Object.fromEntries(
    ['enforce', 'audit', 'warn'].map((mode) => [mode, metadata.labels[`pod-security.kubernetes.io/${mode}`] !== 'restricted']))),
  'connections are by TLS, passwords by reference': (objects) => each(all(objects, 'Cluster'), ({ spec }) => ({
    'takes connections without TLS': spec.postgresql.pg_hba?.[0] !== 'hostnossl all all all reject',
    'stores passwords that can be replayed': spec.postgresql.parameters?.password_encryption !== 'scram-sha-256',
    'has a superuser from outside': spec.enableSuperuserAccess === true,
    'has no owner of the database': spec.bootstrap?.initdb?.owner !== 'dcs' || spec.bootstrap.initdb.database !== 'dcs' || !spec.bootstrap.initdb.secret?.name,
    'has roles without a password of their own': spec.managed?.roles?.some(({ name, login, passwordSecret }) =>
      login !== true || passwordSecret?.name !== name.replace('dcs_', 'dcs-database-')) !== false,
  })),
  'the roles are those that the Job grants to': (objects, granted) => each(all(objects, 'Cluster'), ({ spec }) => ({
    'other roles': [...(spec.managed?.roles ?? [])].map(({ name }) => name).sort().join() !== [...granted].sort().join(),
    'a role that may do more': spec.managed?.roles?.some((role) => role.superuser || role.createdb || role.createrole || role.bypassrls || role.replication || role.inRoles),
  })),
  'a commit is on a second instance, where there is one': (objects) => each(all(objects, 'Cluster'), ({ spec }) => ({
    'a commit may be lost': spec.instances > 1 && !(spec.postgresql.synchronous?.number >= 1 && spec.postgresql.synchronous.method),
    'two instances': spec.instances === 2,
    'instances beside each other': spec.affinity?.enablePodAntiAffinity !== true,
    'pages without checksums': spec.bootstrap?.initdb?.dataChecksums !== true,
    'no limits': !spec.resources?.limits?.memory || !spec.resources?.requests?.memory,
  })),
};

