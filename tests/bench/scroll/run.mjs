// The trial itself; `run` says what it does.

import { resolve } from 'node:path';
import { Analyses, documentOf } from '../../support/analysis.mjs';
import { Browser } from '../../support/browser.mjs';
import { Console, DIST } from '../../support/console.mjs';
import { World } from '../../support/site.mjs';

const ROWS = 10_000;
const FRAMES = Number(process.env.FRAMES ?? 300);
const ROUNDS = Number(process.env.ROUNDS ?? 5);
// CSS pixels of a frame: a slow wheel, a fast one, and the bar pulled along, where no row stays in sight.
const STEPS = { slow: 24, fast: 160, pulled: 1000 };
const WIDTH = { width: 1440, height: 900 };
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const dists = process.argv.length > 2 ? process.argv.slice(2).map((path) => resolve(path)) : [DIST];

const TYPES = ['string', 'list', 'set', 'zset', 'hash', 'stream'];
const ENCODINGS = ['embstr', 'quicklist', 'intset', 'skiplist', 'listpack', 'stream'];
const keys = Array.from({ length: ROWS }, (_, i) => {
  const type = TYPES[i % TYPES.length];
  return {
    name: `shop:item:${i % 97}:${i}`, type, bytes: 50_000_000 - i * 4_999, size: 10 + (i * 7919) % 100_000,
    unit: type === 'string' ? 'byte' : 'count', encoding: ENCODINGS[i % ENCODINGS.length], ...(i % 3 ? { ttl_ms: 1000 * i } : {}),
  };
});

// What the names of a trace are part of; the rest of what the thread does is not asked for by the page.
const PARTS = {
  script: ['FunctionCall', 'EvaluateScript', 'RunMicrotasks', 'FireAnimationFrame', 'EventDispatch', 'TimerFire', 'MinorGC', 'MajorGC', 'V8.GCIncrementalMarking', 'V8.GCScavenger'],
  style: ['UpdateLayoutTree', 'ScheduleStyleRecalculation'],
  layout: ['Layout', 'InvalidateLayout', 'HitTest', 'UpdateLayerTree'],
  paint: ['PrePaint', 'Paint', 'Layerize', 'Commit', 'PaintImage', 'UpdateLayer', 'CompositeLayers'],
};
const partOf = new Map(Object.entries(PARTS).flatMap(([part, names]) => names.map((name) => [name, part])));

// Processor time of the main thread of the page, in milliseconds, by part: of each event without those inside it; and how many elements
// were styled and objects laid out.
function sum(events) {
  const mains = new Set(events.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain').map(({ pid, tid }) => `${pid} ${tid}`));
  const total = { script: 0, style: 0, layout: 0, paint: 0 };
  for (const main of mains) {
    const stack = [];
    const own = events.filter(({ ph, pid, tid, tdur, name }) => ph === 'X' && tdur !== undefined && partOf.has(name) && `${pid} ${tid}` === main)
      .sort((one, other) => one.ts - other.ts || other.dur - one.dur);
    for (const event of own) {
      while (stack.length && stack.at(-1).ts + stack.at(-1).dur <= event.ts) stack.pop();
      if (stack.length) total[partOf.get(stack.at(-1).name)] -= event.tdur / 1000;
      total[partOf.get(event.name)] += event.tdur / 1000;
      stack.push(event);
    }
  }
  // What does not depend on how busy the machine is.
  const counted = (name, of) => events.filter((event) => event.ph === 'X' && event.name === name).reduce((all, { args }) => all + (of(args) ?? 0), 0);
  return {
    ...total, all: Object.values(total).reduce((all, one) => all + one, 0),
    styled: counted('UpdateLayoutTree', ({ elementCount }) => elementCount), laid: counted('Layout', ({ beginData }) => beginData?.dirtyObjects),
  };
}

async function traced(devtools, what) {
  const events = [];
  const collect = ({ value }) => events.push(...value);
  devtools.on('Tracing.dataCollected', collect);
  const complete = new Promise((done) => { devtools.once('Tracing.tracingComplete', done); });
  await devtools.send('Tracing.start', { traceConfig: { includedCategories: ['devtools.timeline', '__metadata'] }, transferMode: 'ReportEvents' });
  await what();
  await devtools.send('Tracing.end');
  await complete;
  devtools.off('Tracing.dataCollected', collect);
  return events;
}

// Milliseconds of one frame.
async function scroll(ui, step) {
  const grid = ui.section('Largest keys').getByRole('grid');
  const events = await traced(ui.devtools, () => grid.evaluate((element, { step: pixels, frames }) => new Promise((done) => {
    element.scrollTop = 0;
    let left = frames;
    let down = 1;
    const frame = () => {
      if (left-- === 0) return done();
      const most = element.scrollHeight - element.clientHeight;
      if (element.scrollTop + down * pixels > most || element.scrollTop + down * pixels < 0) down = -down;
      element.scrollTop += down * pixels;
      return requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }), { step, frames: FRAMES }));
  return Object.fromEntries(Object.entries(sum(events)).map(([what, ms]) => [what, ms / FRAMES]));
}

const world = await World.open();
try {
  const site = await world.site();
  const alice = await site.tenant('alice');
  const cache = await alice.instance('orders', '127.0.0.1:1', '--no-probe');
  await site.sql("UPDATE instance SET status = 'RUNNING', probed_at = now(), capabilities = '{bigkey,analysis}' WHERE id = $1", [cache.id]);
  const id = await new Analyses(site, cache).record({ ...documentOf(keys, { top: ROWS }), measures: ['memory', 'ttl', 'encoding'] },
    { options: { top: ROWS } });
  const pages = [];
  for (const dist of dists) {
    // A trace is of all pages of a browser.
    const browser = await Browser.start({ trusted: [world.certificates.certificate] });
    world.onClose(() => browser.stop());
    await site.startServer({ console_directory: dist });
    const ui = await Console.open(browser, `https://127.0.0.1:${site.port}`, { size: WIDTH, path: `#/instances/${cache.id}/analyses/${id}` });
    await ui.signIn(alice.key);
    await ui.page.getByRole('heading', { name: 'Largest keys' }).waitFor();
    await ui.settled();
    pages.push({ dist, ui });
  }
  for (const [name, step] of Object.entries(STEPS)) {
    const found = pages.map(() => []);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, { ui }] of pages.entries()) {
        found[i].push(await scroll(ui, step));
      }
    }
    const medians = found.map((rounds) => Object.fromEntries(Object.keys(rounds[0]).map((what) => [what, median(rounds.map((one) => one[what]))])));
    for (const [i, { dist }] of pages.entries()) {
      const cells = Object.entries(medians[i]).map(([what, ms]) => `${what} ${ms.toFixed(2)}`);
      console.log(`${name} (${step} px a frame), ${dist}: of one frame, ms: ${cells.join(', ')}; ratio to the first ${(medians[i].all / medians[0].all).toFixed(2)}`);
    }
  }
} finally {
  await world.close();
}
