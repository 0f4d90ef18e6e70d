// What every line of our programs' logs must be: one JSON object with the members that docs/operations.md promises.

import assert from 'node:assert/strict';

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const LEVELS = ['debug', 'info', 'warning', 'error'];
const WORD = /^[a-z][a-z0-9_]*$/;
const ID = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/;
const HEX = (digits) => new RegExp(`^[0-9a-f]{${digits}}$`);
// A member's form wherever it stands; empty where there is none of it.
const FORMS = { request_id: HEX(32), task: ID, trace_id: HEX(32), span_id: HEX(16) };
// What lines are about, by the event.
const ABOUT = [
  [/^(request|request_refused)$/, ['request_id', 'status']],
  [/^audit$/, ['request_id', 'action', 'decision', 'times']],
  [/^(scan_|write_fenced|record_failed|checkpoint_too_large|expired_keys_released)/, ['task', 'instance', 'project']],
  [/^task_given_up$/, ['task']],
  [/^probe_/, ['instance']],
];
const SHOWN = 300;

function memberNames(line) {
  // Of a flat object: a name is a string with a colon behind it, which no string's inside has unescaped.
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"(:?)/g)].filter((match) => match[2]).map((match) => match[1]);
}

function checkLine(line) {
  const event = JSON.parse(line);
  assert.ok(event && typeof event === 'object' && !Array.isArray(event), 'an object');
  assert.deepEqual(Object.keys(event).slice(0, 3), ['time', 'level', 'event']);
  assert.match(event.time, TIME);
  assert.ok(LEVELS.includes(event.level), 'a level');
  assert.match(event.event, WORD);
  const names = memberNames(line);
  assert.equal(new Set(names).size, names.length, 'each member once');
  for (const [name, value] of Object.entries(event)) {
    assert.match(name, WORD);
    assert.ok(typeof value === 'string' || Number.isSafeInteger(value), `${name}: text or a whole number`);
    if (FORMS[name] && value !== '') assert.match(value, FORMS[name], name);
  }
  for (const [events, members] of ABOUT) {
    if (!events.test(event.event)) continue;
    for (const name of members) assert.ok(name in event, `${name} is missing`);
  }
  assert.equal('error' in event && !event.reason, false, 'an error has its reason');
  assert.equal('trace_id' in event, 'span_id' in event, 'a trace and its span');
}

// Throws at the first line that is none.  A program that was killed may have been cut off in its last line.
export function checkLog(text, { killed = false } = {}) {
  const lines = text.split('\n');
  const rest = lines.pop();
  assert.ok(rest === '' || killed, `a line without an end: ${rest.slice(0, SHOWN)}`);
  for (const line of lines) {
    try {
      checkLine(line);
    } catch (error) {
      throw new Error(`not a line of a log: ${error.message}\n${line.slice(0, SHOWN)}`);
    }
  }
}
