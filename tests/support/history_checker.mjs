// Decides from a history whether tasks were lost, doubled, or written by whom they did not belong to.  A pure
// function: what it is given is all that it knows, and it does not change it.
//
// history: {
//   requests     [{ name, op, instance, sentAt, answeredAt, status, task, state }]   every attempt to send one
//   transitions  [{ seq, at, op, task, instance, status, was, fence, oldFence, attempt, owner, oldOwner, until,
//                   oldUntil, writer, failure }]   every write to a task's row, by the database's clock
//   results      [{ seq, at, op, task, digest, writer }]   every write to a result's row
//   work         [{ task, asked, usual }]   how much a task asked of Redis, and how much an undisturbed one does
//   events       [{ at, kind, target, tasks }]   what was broken when, and the tasks that it held
// }
// Times are milliseconds since 1970.  name is a request's Idempotency-Key or signature; answeredAt is null where
// no answer came.
//
// rules: {
//   reference       { instance: digest }: what an undisturbed scan finds
//   takeOverMs      from the loss of a worker (killed, stopped) until somebody else has its task
//   handOverMs      the same of one that was told to end
//   repeatedMs      scanning done again for each take-over: as much of the time that the task was scanned as there
//                   was asked more of Redis than in an undisturbed scan
//   attemptsMax     claims that were not given back
//   allSucceed      whether a task that failed is a fault
//   claimedOnce     whether a second claim is a fault
// }   a rule that is not given is not asked; the others are always.

const FINAL = ['success', 'failed'];
const RANK = { waiting: 0, running: 1, success: 2, failed: 2 };
const LEGAL = new Set(['waiting>running', 'running>running', 'running>success', 'running>failed', 'waiting>waiting']);

const groupBy = (list, keyOf) => {
  const groups = new Map();
  for (const entry of list) {
    const key = keyOf(entry);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(entry);
  }
  return groups;
};

const isClaim = (entry) => entry.op === 'UPDATE' && entry.fence > entry.oldFence;
const isFinal = (status) => FINAL.includes(status);
const isAcknowledged = ({ op, status, task }) => op === 'create' && status === 200 && Boolean(task);

class Verdict {
  constructor() {
    this.violations = [];
    this.figures = {};
  }

  fault(rule, task, text) {
    this.violations.push({ rule, task, text });
  }

  count(rule) {
    return this.violations.filter((violation) => violation.rule === rule).length;
  }
}

function checkStep(verdict, entry) {
  const { task } = entry;
  if (entry.status !== entry.was && !LEGAL.has(`${entry.was}>${entry.status}`))
    verdict.fault('transition', task, `${entry.was} to ${entry.status}`);
  else if (isFinal(entry.was))
    verdict.fault('transition', task, `written after it was ${entry.was}`);
  if (entry.fence < entry.oldFence) verdict.fault('fence', task, `fence ${entry.oldFence} to ${entry.fence}`);
  if (entry.was === 'waiting' && entry.status === 'running' && !isClaim(entry))
    verdict.fault('fence', task, 'taken up without a new fence');
  if (entry.status === 'failed' && !entry.failure) verdict.fault('reason', task, 'failed without a reason');
}

// A lease that has not run out keeps everybody else away; a claim by its own holder is no exception.
function checkOwner(verdict, entry) {
  const { task, at } = entry;
  if (isClaim(entry) && entry.oldUntil !== null && entry.oldUntil > at)
    verdict.fault('overlap', task, `claimed by ${entry.owner} ${Math.round(entry.oldUntil - at)} ms before ` +
      `${entry.oldOwner ?? 'nobody'} had to let go of it`);
  if (!isClaim(entry) && entry.oldOwner && entry.owner && entry.owner !== entry.oldOwner)
    verdict.fault('overlap', task, `${entry.oldOwner} to ${entry.owner} without a claim`);
}

// Whoever made the last claim may write, until it lets go of the task; once its lease is over anybody may give the
// task up.
function checkWriter(verdict, entry, holder) {
  if (isClaim(entry) || entry.was !== 'running' || entry.writer === holder) return;
  const givenUp = entry.status === 'failed' && entry.oldUntil !== null && entry.oldUntil <= entry.at;
  if (!givenUp) verdict.fault('late', entry.task, `${entry.writer} wrote, but it was held by ${holder ?? 'nobody'}`);
}

const letsGo = ({ oldOwner, owner, status }) => oldOwner !== null && owner === null && status === 'running';

function checkTask(verdict, task, steps, rules) {
  let holder, fence = 0, claims = 0;
  for (const entry of steps) {
    if (entry.op !== 'UPDATE') continue;
    checkStep(verdict, entry);
    checkOwner(verdict, entry);
    checkWriter(verdict, entry, holder);
    if (letsGo(entry)) holder = undefined;
    if (!isClaim(entry)) continue;
    if (entry.fence <= fence) verdict.fault('fence', task, `claimed again under fence ${entry.fence}`);
    ({ fence, writer: holder } = entry);
    claims++;
    if (rules.attemptsMax && entry.attempt > rules.attemptsMax)
      verdict.fault('attempts', task, `attempt ${entry.attempt} of ${rules.attemptsMax}`);
  }
  if (rules.claimedOnce && claims !== 1) verdict.fault('claims', task, `claimed ${claims} times`);
  return holder;
}

function checkResults(verdict, task, { last, holder, writes, instance }, rules) {
  const made = writes.filter(({ op }) => op === 'INSERT');
  const wanted = last.status === 'success' ? 1 : 0;
  if (made.length !== wanted) verdict.fault('results', task, `${last.status} with ${made.length} results`);
  if (writes.some(({ op }) => op === 'UPDATE')) verdict.fault('results', task, 'a result was changed');
  for (const { writer, digest } of made) {
    if (writer !== holder) verdict.fault('late', task, `${writer} stored a result, but it was held by ${holder ?? 'nobody'}`);
    const usual = rules.reference?.[instance];
    if (rules.reference && digest !== usual)
      verdict.fault('result', task, `its result is ${digest}, undisturbed it is ${usual}`);
  }
}

// What a task was last: a row that was deleted was what it was before.
const lastOf = (steps) => {
  const last = steps[steps.length - 1];
  return last.op === 'DELETE' ? { ...last, status: last.was, gone: true } : { ...last, gone: false };
};

function checkTasks(verdict, history, tasks, rules) {
  const writes = groupBy(history.results, ({ task }) => task);
  const deleted = new Set(history.requests.filter(({ op, task }) => op === 'delete' && task).map((r) => r.task));
  for (const [task, steps] of tasks) {
    const last = lastOf(steps);
    const holder = checkTask(verdict, task, steps, rules);
    if (!isFinal(last.status) && !last.gone) verdict.fault('stuck', task, `${last.status} at the end`);
    if (!isFinal(last.status) && last.gone && !deleted.has(task))
      verdict.fault('lost', task, `deleted while it was ${last.status}, which nobody asked for`);
    if (rules.allSucceed && last.status === 'failed') verdict.fault('failed', task, last.failure ?? 'failed');
    const { instance } = steps[0];
    checkResults(verdict, task, { last, holder, writes: writes.get(task) ?? [], instance }, rules);
  }
  for (const task of writes.keys())
    if (!tasks.has(task)) verdict.fault('results', task, 'a result without a task');
}

// A name stands for one task.  A task that no answer named belongs to a request of which no answer came; there
// cannot be more of them than of such requests.
function checkRequests(verdict, history, tasks) {
  const creates = history.requests.filter(({ op }) => op === 'create');
  const known = new Set();
  const unanswered = new Map();
  for (const [name, sent] of groupBy(creates, (request) => request.name)) {
    const made = new Set(sent.filter(isAcknowledged).map(({ task }) => task));
    if (made.size > 1) verdict.fault('doubled', [...made][1], `${name} made ${made.size} tasks`);
    for (const task of made) {
      known.add(task);
      if (!tasks.has(task)) verdict.fault('lost', task, `${name} was told of it, and it does not exist`);
    }
    const open = sent.some(({ answeredAt, status }) => answeredAt === null || status >= 500);
    if (made.size === 0 && open) unanswered.set(sent[0].instance, (unanswered.get(sent[0].instance) ?? 0) + 1);
  }
  for (const [task, [first]] of tasks) {
    if (known.has(task) || first.op !== 'INSERT' || first.scanType === 'auto') continue;
    const left = unanswered.get(first.instance) ?? 0;
    if (left === 0) verdict.fault('doubled', task, 'made, but no request was told of it');
    else unanswered.set(first.instance, left - 1);
  }
}

// Once a client was told of a state, nobody is told of an earlier one.
function checkReads(verdict, history) {
  const reads = history.requests.filter(({ op, answeredAt }) => op === 'read' && answeredAt !== null);
  for (const [task, list] of groupBy(reads, (request) => request.task)) {
    const told = list.filter(({ state }) => state in RANK).sort((a, b) => a.answeredAt - b.answeredAt);
    const sent = [...list].sort((a, b) => a.sentAt - b.sentAt);
    let best = 0, next = 0;
    for (const read of sent) {
      for (; next < told.length && told[next].answeredAt < read.sentAt; next++)
        best = Math.max(best, RANK[told[next].state]);
      if (read.state === 'absent') verdict.fault('lost', task, 'a client was told that it does not exist');
      else if (RANK[read.state] < best) verdict.fault('backwards', task, `a client was told ${read.state} again`);
    }
  }
}

// From each loss of a worker to the next claim, or the end, of what it held.
function takeOvers(verdict, history, tasks, rules) {
  const durations = [];
  const longest = { killed: rules.takeOverMs, stopped: rules.takeOverMs, told: rules.handOverMs };
  for (const { at, kind, target, tasks: held = [] } of history.events) {
    if (!(kind in longest)) continue;
    for (const task of held) {
      const steps = tasks.get(task) ?? [];
      const before = steps.filter((entry) => entry.at <= at).pop();
      const next = steps.find((entry) => entry.at > at &&
        (isClaim(entry) || entry.op === 'DELETE' || isFinal(entry.status)));
      if (before?.owner !== target || !next || (next.writer === target && !isClaim(next))) continue;
      durations.push(next.at - at);
      if (longest[kind] !== undefined && next.at - at > longest[kind])
        verdict.fault('take_over', task, `${Math.round(next.at - at)} ms after ${target} was ${kind}`);
    }
  }
  return durations;
}

// From every claim until its worker is lost, is followed by another, or done.
function scannedMs(steps, events) {
  let sum = 0;
  const claims = steps.filter(isClaim);
  for (const [i, { at, owner }] of claims.entries()) {
    const next = claims[i + 1]?.at ?? steps.find((entry) => entry.at > at && isFinal(entry.status))?.at ?? at;
    const lost = events.find((event) => event.target === owner && event.at > at);
    sum += Math.min(next, lost?.at ?? next) - at;
  }
  return sum;
}

function repeatedWork(verdict, history, tasks, rules) {
  const repeated = [];
  for (const { task, asked, usual } of history.work) {
    const steps = tasks.get(task) ?? [];
    const again = steps.filter(isClaim).length - 1;
    if (again < 1) continue;
    const ms = Math.max(0, asked - usual) / asked * scannedMs(steps, history.events) / again;
    repeated.push(ms);
    if (rules.repeatedMs !== undefined && ms > rules.repeatedMs)
      verdict.fault('repeated', task, `${Math.round(ms)} ms of scanning were done again`);
  }
  return repeated;
}

// { violations: [{ rule, task, text }], figures }
export function check(history, rules = {}) {
  const verdict = new Verdict();
  const tasks = groupBy([...history.transitions].sort((a, b) => a.seq - b.seq), ({ task }) => task);
  checkTasks(verdict, history, tasks, rules);
  checkRequests(verdict, history, tasks);
  checkReads(verdict, history);
  const taken = takeOvers(verdict, history, tasks, rules);
  const repeated = repeatedWork(verdict, history, tasks, rules);
  verdict.figures = {
    tasks: tasks.size,
    failed: [...tasks.values()].filter((steps) => lastOf(steps).status === 'failed').length,
    lost: verdict.count('lost'),
    stuck: verdict.count('stuck'),
    doubled: verdict.count('doubled') + verdict.count('results') + verdict.count('claims'),
    late: verdict.count('late'),
    takeOvers: taken,
    repeated,
  };
  return { violations: verdict.violations, figures: verdict.figures };
}
