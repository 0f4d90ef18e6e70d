// What NetworkPolicies let through: a connection is allowed where one policy allows it to leave the one pod, and one allows it
// to reach the other; a pod that no policy of a direction selects is open in that direction.

import net from 'node:net';
import { all, matches } from './deploy_objects.mjs';

const family = (address) => (net.isIPv6(address) ? 'ipv6' : 'ipv4');

const subnets = new Map();

function subnet(cidr) {
  if (!subnets.has(cidr)) subnets.set(cidr, newSubnet(cidr));
  return subnets.get(cidr);
}

function newSubnet(cidr) {
  const [address, bits] = cidr.split('/');
  const list = new net.BlockList();
  list.addSubnet(address, Number(bits), family(address));
  return { address, bits: Number(bits), holds: (other) => family(address) === family(other) && list.check(other, family(other)) };
}

export function overlap(one, other) {
  const [a, b] = [subnet(one), subnet(other)];
  return family(a.address) === family(b.address) && (a.holds(b.address) || b.holds(a.address));
}

// A peer is {namespace, labels} or {address}.
function isPeer(rule, own, other) {
  if (rule.ipBlock)
    return other.address !== undefined && subnet(rule.ipBlock.cidr).holds(other.address) &&
      !(rule.ipBlock.except ?? []).some((cidr) => subnet(cidr).holds(other.address));
  if (other.address !== undefined) return false;
  const isNamespace = rule.namespaceSelector
    ? matches(rule.namespaceSelector, { 'kubernetes.io/metadata.name': other.namespace })
    : other.namespace === own.namespace;
  return isNamespace && matches(rule.podSelector ?? {}, other.labels ?? {});
}

const isPort = (ports, { protocol = 'TCP', port }) => !ports || ports.some((one) => (one.protocol ?? 'TCP') === protocol &&
  (one.port === undefined || port === one.port || (one.endPort !== undefined && port >= one.port && port <= one.endPort)));

function passes(policies, direction, own, other, port) {
  const [type, rules, peers] = { out: ['Egress', 'egress', 'to'], in: ['Ingress', 'ingress', 'from'] }[direction];
  const selected = policies.filter(({ metadata, spec }) => metadata.namespace === own.namespace &&
    spec.policyTypes.includes(type) && matches(spec.podSelector, own.labels));
  return !selected.length || selected.some(({ spec }) => (spec[rules] ?? []).some((rule) =>
    isPort(rule.ports, port) && (!rule[peers]?.length || rule[peers].some((one) => isPeer(one, own, other)))));
}

export class Network {
  constructor(objects) { this.policies = all(objects, 'NetworkPolicy'); }
  sends(own, other, port) { return passes(this.policies, 'out', own, other, port); }
  receives(own, other, port) { return passes(this.policies, 'in', own, other, port); }

  // Every network that a policy names for what goes out.
  networks() {
    return this.policies.flatMap(({ metadata, spec }) => (spec.egress ?? []).flatMap(({ to = [], ports = [] }) =>
      to.filter(({ ipBlock }) => ipBlock).map(({ ipBlock }) => ({ policy: metadata.name, ...ipBlock, ports }))));
  }
}
