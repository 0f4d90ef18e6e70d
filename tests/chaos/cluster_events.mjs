// What befalls a cluster while it is scanned: resharding, fail-overs and lost nodes.  Nobody moves or kills
// anything before its writes are replicated, so that the cluster itself loses no key.

import { SLOTS } from '../support/redis.mjs';
import { until } from '../support/wait.mjs';

const REPLICATED_MS = 5000;
const MOVED_AT_ONCE = 12;

// What a cluster needs to come through all of it.
export const CLUSTER_OPTIONS = { appendonly: 'yes', 'cluster-replica-validity-factor': 0, 'cluster-node-timeout': 2000 };

export class ClusterEvents {
  // dice(sides) is below sides.
  constructor(cluster, dice) {
    this.cluster = cluster;
    this.pick = (list) => list[dice(list.length)];
    this.dice = dice;
  }

  async serving() {
    return [...new Set(await this.cluster.owners())];
  }

  // What a master wrote has reached a replica of it; without one there is nothing to fail over to.
  async #replicated(node) {
    return await node.command('WAIT', 1, REPLICATED_MS) >= 1;
  }

  async #replicaOf(master) {
    const lines = (await master.command('CLUSTER', 'NODES')).toString().trim().split('\n').map((l) => l.split(' '));
    const ids = lines.filter(([, , flags, of]) => /slave/.test(flags) && !/fail/.test(flags) && of === master.id);
    return this.cluster.nodes.find(({ id }) => ids.some(([other]) => other === id));
  }

  async #wellAgain() {
    await this.cluster.settled();
    await this.cluster.agreed();
  }

  // Views differ for a while after a fail-over, and a node can lose a slot that it was just given: only what a
  // node says of itself counts, and what is refused is tried again.
  async #move(slot, to) {
    const { cluster } = this;
    await until(`slot ${slot} is moved`, async () => {
      const claims = [];
      for (const node of cluster.nodes) if ((await cluster.owners(node))[slot] === node) claims.push(node);
      if (claims.length !== 1) throw new Error(`served by ${claims.length}`);
      if (claims[0] !== to) await cluster.move(slot, claims[0], to);
      return true;
    });
  }

  // slots are those that are moved about, all where none are given; the result is how many were moved.
  //
  // Whoever is given a slot takes the next epoch by itself.  Two that do so before they have heard of each other take
  // the same one, and then a slot may end with nobody, and its keys with it: the next one waits until all have heard.
  async reshard(slots) {
    const masters = await this.serving();
    for (let i = 0; i < MOVED_AT_ONCE; i++) {
      await this.#move(slots ? this.pick(slots) : this.dice(SLOTS), this.pick(masters));
      await this.cluster.agreed();
    }
    return MOVED_AT_ONCE;
  }

  async handOver() {
    const master = this.pick(await this.serving());
    const replica = await this.#replicaOf(master);
    if (!replica || !await this.#replicated(master)) return;
    await until('the replica has taken over', async () => {
      if ((await replica.info('replication')).role === 'master') return true;
      await replica.command('CLUSTER', 'FAILOVER');
      return false;
    });
    await this.#wellAgain();
  }

  async killMaster() {
    const master = this.pick(await this.serving());
    if (!await this.#replicaOf(master) || !await this.#replicated(master)) return;
    await master.kill();
    await this.cluster.promoted(master);
    await master.restart();
    await this.#wellAgain();
  }

  async restartReplica() {
    const masters = await this.serving();
    const replica = this.pick(this.cluster.nodes.filter((node) => !masters.includes(node)));
    if (!replica) return;
    await replica.kill();
    await replica.restart();
    await this.#wellAgain();
  }

  // One of them, resharding half of the time: its name.
  async any(slots) {
    const name = this.pick(['reshard', 'reshard', 'reshard', 'handOver', 'killMaster', 'restartReplica']);
    await this[name](slots);
    return name;
  }
}
