// What every overlay of deploy/kubernetes promises, a rule each: it looks at all rendered objects and says what is wrong, a
// line each.  tests/deploy/rules_test.mjs holds the overlays to them, and breaks each one to see that it is noticed.

import { all, deployments, each, environment, find, matches, selectsOnly, setting, workloads } from './deploy_objects.mjs';
import { around } from './deploy_rules_around.mjs';
import { describe } from './kubernetes.mjs';
import { settings } from './settings.mjs';

const NODE_SPREAD = ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'];
const GRACE_MARGIN_SECONDS = 3;
const BELONGS_TO = { 'dcs-server': ['server'], 'dcs-worker': ['worker'], 'dcs-migration': ['migration'],
  'dcs-operator': ['operator'], 'dcs-server-tls': ['server'], 'dcs-keys': ['server', 'worker', 'operator'],
  'dcs-traces': ['server', 'worker'] };

export const rules = {
  'the namespace enforces Pod Security restricted': (objects) => each(all(objects, 'Namespace'), ({ metadata }) => ({
    enforce: metadata.labels['pod-security.kubernetes.io/enforce'] !== 'restricted',
    audit: metadata.labels['pod-security.kubernetes.io/audit'] !== 'restricted',
    warn: metadata.labels['pod-security.kubernetes.io/warn'] !== 'restricted',
  })).concat(all(objects, 'Namespace').length === 1 ? [] : ['not one namespace']),

  'pods are restricted': (objects) => each(workloads(objects), ({ spec }) => ({
    'may be root': spec.securityContext?.runAsNonRoot !== true,
    'has no user of its own': !(spec.securityContext?.runAsUser > 0 && spec.securityContext?.runAsGroup > 0),
    'has no seccomp profile': spec.securityContext?.seccompProfile?.type !== 'RuntimeDefault',
    'shares with the node': spec.hostNetwork || spec.hostPID || spec.hostIPC,
    'mounts what restricted forbids': spec.volumes.some((volume) =>
      !['configMap', 'secret', 'emptyDir', 'projected', 'downwardAPI'].some((kind) => volume[kind])),
    'changes kernel settings': spec.securityContext?.sysctls,
  })),

  'containers are restricted': (objects) => each(workloads(objects).flatMap(({ name, containers }) =>
    containers.map((container) => ({ ...container, name: `${name} ${container.name}` }))), ({ securityContext: own, ports }) => ({
    'may raise its privileges': own?.allowPrivilegeEscalation !== false,
    'is privileged': own?.privileged,
    'can write to its root': own?.readOnlyRootFilesystem !== true,
    'has capabilities': !own?.capabilities?.drop?.includes('ALL') || own.capabilities.add?.length,
    'sets the pod\'s rules aside': own?.runAsNonRoot === false || own?.runAsUser === 0 || own?.seccompProfile,
    'takes a port of the node': ports?.some(({ hostPort }) => hostPort),
  })),

  'no pod has a token, each program an account of its own without a role': (objects) => [
    ...each(workloads(objects), ({ component, spec }) => ({
      'has a token': spec.automountServiceAccountToken !== false,
      'has another account': spec.serviceAccountName !== `dcs-${component}`,
      'has an account that is not there': !find(objects, 'ServiceAccount', spec.serviceAccountName),
    })),
    ...each(all(objects, 'ServiceAccount'), (account) => ({ 'gives tokens': account.automountServiceAccountToken !== false })),
    ...objects.filter(({ kind }) => /Role(Binding)?$/.test(kind)).map((object) => `${describe(object)}: is a role`),
  ],

  'everything asks for what it needs and has a limit': (objects) => each(workloads(objects), ({ containers }) => ({
    ...Object.fromEntries(['requests', 'limits'].flatMap((kind) => ['cpu', 'memory', 'ephemeral-storage'].map((what) =>
      [`${kind} without ${what}`, containers.some(({ resources }) => !resources?.[kind]?.[what])]))),
  })),

  'programs are probed at the operations port': (objects) => each(deployments(objects), ({ component, containers: [own] }) => ({
    startup: own.startupProbe?.httpGet?.path !== '/startupz',
    readiness: own.readinessProbe?.httpGet?.path !== '/readyz',
    liveness: own.livenessProbe?.httpGet?.path !== '/healthz',
    'another port': ['startupProbe', 'readinessProbe', 'livenessProbe'].some((probe) => own[probe]?.httpGet?.port !== 'operations'),
    'the port is not where the program listens': setting(objects, component, 'listen_operations') !==
      `0.0.0.0:${own.ports.find(({ name }) => name === 'operations')?.containerPort}`,
    'restarted within less than half a minute': !(own.livenessProbe?.periodSeconds * own.livenessProbe?.failureThreshold >= 30),
  })),

  'there is time to stop': (objects) => {
    const delay = setting(objects, 'server', 'drain_delay_seconds');
    const seconds = {
      server: delay + setting(objects, 'server', 'drain_seconds'), worker: setting(objects, 'worker', 'stop_seconds'),
    };
    return each(deployments(objects), ({ component, spec, containers: [own] }) => ({
      'killed before it has ended': !(spec.terminationGracePeriodSeconds >=
        (own.lifecycle?.preStop?.sleep?.seconds ?? 0) + seconds[component] + GRACE_MARGIN_SECONDS),
      'stops before balancers know': component === 'server' && !(delay >= 5),
    }));
  },

  'servers are replaced before they go': (objects) => each(deployments(objects), ({ object, component }) => ({
    'another strategy': object.spec.strategy?.type !== 'RollingUpdate',
    'fewer meanwhile': component === 'server' && object.spec.strategy.rollingUpdate?.maxUnavailable !== 0,
    'none more meanwhile': !(object.spec.strategy.rollingUpdate?.maxSurge >= 1),
  })),

  'nodes can be drained, one pod at a time': (objects) => each(deployments(objects), ({ object, component, labels }) => {
    const own = all(objects, 'PodDisruptionBudget').filter(({ spec }) => matches(spec.selector, labels));
    return {
      'not one budget': own.length !== 1,
      'more than one at a time, or none': own.some(({ spec }) => spec.maxUnavailable !== 1),
      'selects not its pods alone': !selectsOnly(objects, object.spec.selector, component),
      'has a budget of others\' pods': own.some(({ spec }) => !selectsOnly(objects, spec.selector, component)),
    };
  }),

  'pods are spread over zones and nodes': (objects) => each(deployments(objects), ({ component, spec }) =>
    Object.fromEntries(NODE_SPREAD.map((key) => [key, !spec.topologySpreadConstraints?.some((constraint) =>
      constraint.topologyKey === key && constraint.maxSkew === 1 && selectsOnly(objects, constraint.labelSelector, component))]))),

  'secrets are referred to, never written down': (objects) => [
    ...all(objects, 'Secret').map((object) => `${describe(object)}: a Secret in a manifest`),
    ...workloads(objects).flatMap(({ name, containers }) => containers.flatMap((container) =>
      Object.entries(environment(objects, container)).filter(([variable, value]) =>
        value !== undefined && settings.get(variable.slice(4).toLowerCase())?.secret).map(([variable]) => `${name}: ${variable}`))),
    ...objects.filter((object) => /:\/\/[^"/]*:[^"/]*@|-----BEGIN|\b[0-9a-f]{64}\b|password=/i.test(JSON.stringify(object)))
      .map((object) => `${describe(object)}: looks like it holds a secret`),
  ],

  'secrets are files that only the program reads': (objects) => each(workloads(objects), ({ spec, containers }) => {
    const secrets = spec.volumes.filter(({ secret }) => secret);
    const mounts = containers.flatMap((container) => container.volumeMounts.filter(({ name }) =>
      secrets.some((volume) => volume.name === name)));
    return {
      'has none': !secrets.length,
      'others may read': secrets.some(({ secret }) => secret.defaultMode !== 0o400 || secret.items),
      'it may not read them itself': !(spec.securityContext?.fsGroup === spec.securityContext?.runAsGroup),
      'can be written': mounts.some(({ readOnly }) => readOnly !== true),
      'never changes': mounts.some(({ subPath, subPathExpr }) => subPath ?? subPathExpr),
    };
  }),

  'each program has its own secrets only': (objects) => each(workloads(objects), ({ component, spec, containers }) => {
    const secrets = spec.volumes.filter(({ secret }) => secret).map(({ secret }) => secret.secretName);
    const referred = containers.flatMap(({ env = [], envFrom = [] }) => [...env.map(({ valueFrom }) => valueFrom?.secretKeyRef),
      ...envFrom.map(({ secretRef }) => secretRef)]).filter(Boolean);
    return {
      [`has ${secrets}`]: secrets.some((name) => !BELONGS_TO[name]?.includes(component)),
      'has a secret in its environment': referred.length > 0,
    };
  }),

  'variables that the programs do not know are kept out': (objects) => each(workloads(objects), ({ spec, containers }) => ({
    'service links': spec.enableServiceLinks !== false,
    ...Object.fromEntries(containers.flatMap((container) => Object.entries(environment(objects, container)).map(([name, value]) => {
      const known = settings.get(name.replace(/^DCS_/, '').toLowerCase());
      const isWrong = known?.type === 'number' ? !(/^\d+$/.test(value) && value >= known.least && value <= known.most)
        : !known && name !== 'DCS_CONFIG';
      return [`${name}=${value}`, isWrong];
    }))),
  })),

  'images are of one version': (objects) => each(workloads(objects), ({ containers }) => ({
    'not pinned': containers.some(({ image }) => !/(:[^/:]+|@sha256:[0-9a-f]{64})$/.test(image) || /:latest$/.test(image)),
    'another image': new Set([...containers, workloads(objects)[0].containers[0]].map(({ image }) => image)).size !== 1,
  })),

  'as many event loops as processors': (objects) => each(deployments(objects).filter(({ component }) => component === 'server'),
    ({ containers: [own] }) => ({
      'those of the node': !(setting(objects, 'server', 'loops') > 0),
      'more than its limit': setting(objects, 'server', 'loops') > Math.ceil(Number(own.resources.limits.cpu)),
    })),

  'autoscalers have the last word': (objects) => [
    ...each(all(objects, 'HorizontalPodAutoscaler'), ({ spec }) => {
      const target = find(objects, spec.scaleTargetRef.kind, spec.scaleTargetRef.name);
      return {
        'scales nothing': !target,
        'the manifest says how many as well': target && 'replicas' in target.spec,
        'fewer than two': !(spec.minReplicas >= 2),
        'cannot grow': !(spec.maxReplicas > spec.minReplicas),
        'goes down at once': !(spec.behavior?.scaleDown?.stabilizationWindowSeconds >= 300),
      };
    }),
    ...each(deployments(objects), ({ object }) => ({
      'one, by default': !('replicas' in object.spec) && !all(objects, 'HorizontalPodAutoscaler').some(({ spec }) =>
        spec.scaleTargetRef.name === object.metadata.name),
    })),
  ],

  'what is named is there': (objects) => [
    ...each(all(objects, 'Service'), ({ spec }) => {
      const pods = workloads(objects).filter(({ labels }) => matches({ matchLabels: spec.selector }, labels));
      return { 'selects nothing': !pods.length, 'no such port': spec.ports.some(({ targetPort }) =>
        !pods.some(({ containers }) => containers.some(({ ports = [] }) => ports.some(({ name }) => name === targetPort)))) };
    }),
    ...each(workloads(objects), ({ containers, spec }) => ({
      'no such ConfigMap': containers.some(({ envFrom = [] }) => envFrom.some(({ configMapRef }) =>
        configMapRef && !find(objects, 'ConfigMap', configMapRef.name))),
      'no such volume': containers.some(({ volumeMounts = [] }) => volumeMounts.some((mount) =>
        !spec.volumes.some(({ name }) => name === mount.name))),
      'a file that is not mounted': containers.some((container) => Object.entries(environment(objects, container)).some(([, value]) =>
        value?.startsWith('/') && !container.volumeMounts.some(({ mountPath }) => value.startsWith(`${mountPath}/`)))),
    })),
    ...all(objects, 'Ingress').flatMap(({ spec }) => spec.rules.flatMap(({ http }) => http.paths.map(({ backend }) => backend.service)))
      .concat(all(objects, 'HTTPRoute').flatMap(({ spec }) => spec.rules.flatMap(({ backendRefs }) => backendRefs)))
      .filter(({ name, port }) => !find(objects, 'Service', name)?.spec.ports.some((own) => [own.name, own.port].includes(port.name ?? port)))
      .map(({ name }) => `no Service ${name} with that port`),
    ...all(objects, 'ServiceMonitor').filter(({ spec }) => !all(objects, 'Service').some(({ metadata, spec: service }) =>
      matches(spec.selector, metadata.labels) && spec.endpoints.every(({ port }) => service.ports.some(({ name }) => name === port))))
      .map((object) => `${describe(object)}: monitors nothing`),
    ...all(objects, 'ServiceMonitor').filter(({ spec }) => all(objects, 'Service').filter(({ metadata }) => matches(spec.selector, metadata.labels)).length !== 1)
      .map((object) => `${describe(object)}: monitors more than one Service`),
    ...all(objects, 'Certificate').filter(({ spec }) => !workloads(objects).some((own) => own.spec.volumes.some(({ secret }) =>
      secret?.secretName === spec.secretName))).map((object) => `${describe(object)}: nobody uses its Secret`),
  ],

  'programs stand behind TLS, and clients behind their own address': (objects) => each([find(objects, 'Deployment', 'dcs-server')], () => ({
    'HTTP without TLS': setting(objects, 'server', 'listen_http') !== '',
    'the proxies are taken for the clients': !setting(objects, 'server', 'trusted_proxies'),
    'the proxy does not verify the server': !(all(objects, 'BackendTLSPolicy').some(({ spec }) =>
      spec.targetRefs.some(({ name }) => name === 'dcs-server') && spec.validation.caCertificateRefs?.length) ||
      all(objects, 'Ingress').some(({ metadata: { annotations } }) =>
        annotations['nginx.ingress.kubernetes.io/backend-protocol'] === 'HTTPS' &&
        annotations['nginx.ingress.kubernetes.io/proxy-ssl-verify'] === 'on')),
  })),

  ...around,
};
