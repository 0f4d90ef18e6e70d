// A private Prometheus (Debian's package) on a free port, and its HTTP API.
//
//   const prometheus = await Prometheus.start(directory, { seconds: 1 });
//   prometheus.watch('dcs-server', 'server-1', operations.port, { namespace: 'dcs' });
//   await prometheus.range('rate(up[5s])', { start, end, step: 1 });

import { mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Program } from './program.mjs';
import { freePort } from './redis.mjs';
import { until } from './wait.mjs';

const ATTEMPTS = 5;
const ANSWER_MS = 30_000;

export class Prometheus {
  // Asks everything that it watches once in so many seconds.
  static async start(directory, { seconds = 1 } = {}) {
    const prometheus = new Prometheus();
    prometheus.seconds = seconds;
    prometheus.directory = mkdtempSync(join(directory, 'prometheus-'));
    prometheus.targets = new Map();
    prometheus.#list();
    writeFileSync(join(prometheus.directory, 'prometheus.yml'), JSON.stringify({
      global: { scrape_interval: `${seconds}s`, scrape_timeout: `${seconds}s` },
      scrape_configs: [{ job_name: 'listed', file_sd_configs: [{ files: ['targets.json'], refresh_interval: '1s' }] }],
    }));
    // Another process may be faster with the port found.
    for (let attempt = 1; !await prometheus.#launch(); attempt++)
      if (attempt === ATTEMPTS) throw new Error(prometheus.program.stderr.slice(-4000));
    return prometheus;
  }

  async #launch() {
    this.port = await freePort();
    this.program = new Program('prometheus', 'prometheus', [`--config.file=${join(this.directory, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(this.directory, 'data')}`, `--web.listen-address=127.0.0.1:${this.port}`, '--log.level=warn'],
    { cwd: this.directory });
    await until('Prometheus is ready or gone', async () => !this.program.running ||
      (await fetch(`http://127.0.0.1:${this.port}/-/ready`)).status === 200);
    return this.program.running;
  }

  #list() {
    const path = join(this.directory, 'targets.json');
    writeFileSync(`${path}.new`, JSON.stringify([...this.targets].map(([instance, { job, port, labels }]) => ({
      targets: [`127.0.0.1:${port}`], labels: { ...labels, job, instance } }))));
    renameSync(`${path}.new`, path);
  }

  // A program's operations port, under a name of its own; `port` may change, as that of one that was started again.
  watch(job, instance, port, labels = {}) {
    this.targets.set(instance, { job, port, labels });
    this.#list();
  }

  async #ask(path, parameters) {
    const response = await fetch(`http://127.0.0.1:${this.port}/api/v1/${path}`, {
      method: path.startsWith('query') ? 'POST' : 'GET', signal: AbortSignal.timeout(ANSWER_MS),
      ...(path.startsWith('query') && { body: new URLSearchParams(parameters) }),
    });
    const { status, data, error } = await response.json();
    if (status !== 'success') throw new Error(`${error} (${JSON.stringify(parameters)})`);
    return data;
  }

  // Times are in seconds; what comes back is [{ metric, values: [[time, number]] }].
  async range(query, { start, end, step }) {
    const { result } = await this.#ask('query_range', { query, start, end, step });
    return result.map(({ metric, values }) => ({ metric, values: values.map(([time, value]) => [time, Number(value)]) }));
  }

  // [{ metric, values: [[time, number]] }], with one value each.
  async instant(query, time) {
    const { result } = await this.#ask('query', { query, time });
    return result.map(({ metric, value: [at, value] }) => ({ metric, values: [[at, Number(value)]] }));
  }

  // What a label is of the series that a selector matches.
  labelValues(label, selector) {
    return this.#ask(`label/${label}/values?${new URLSearchParams({ 'match[]': selector })}`);
  }

  async stop() {
    if (this.program.running) await this.program.stop({ expected: null });
  }
}
