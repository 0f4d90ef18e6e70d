// A program under valgrind's callgrind, which counts the instructions that it executes.
//
//   const callgrind = Callgrind.start(directory, PROGRAMS.server, { env });
//   await callgrind.taken()                    { instructions, file } since the last time
//   readProfile(file)                          the functions that executed them
//
// Valgrind is asked through its own pipes, and answers when the program next runs: one that ticks is heard within
// a tick.  No debugger attaches, so that nothing has to be allowed for it.

import { mkdtempSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Program, must } from './program.mjs';

// How many blocks of code between two looks at the pipes; valgrind's own are as many as some dozens of ticks.
const POLL_BLOCKS = 200;
const DEADLINE_MS = 60_000;

export class Callgrind {
  static start(directory, command, { env }) {
    const callgrind = new Callgrind();
    callgrind.directory = mkdtempSync(join(directory, 'callgrind-'));
    callgrind.dumps = 0;
    callgrind.out = join(callgrind.directory, 'out');
    callgrind.pipes = `--vgdb-prefix=${join(callgrind.directory, 'vgdb')}`;
    callgrind.program = new Program(`${command} under callgrind`, 'valgrind',
      ['--tool=callgrind', `--callgrind-out-file=${callgrind.out}`, `--vgdb-poll=${POLL_BLOCKS}`, callgrind.pipes,
        command], { env });
    return callgrind;
  }

  async taken() {
    await must('vgdb', 'vgdb', [`--pid=${this.program.pid}`, this.pipes, '--max-invoke-ms=0', 'dump'], { deadlineMs: DEADLINE_MS });
    const file = `${this.out}.${++this.dumps}`;
    const total = /^totals: (\d+)/m.exec(readFileSync(file, 'latin1'));
    if (!total) throw new Error(`no total in ${file}`);
    return { instructions: Number(total[1]), file };
  }

  async stop() {
    await this.program.stop({ deadlineMs: DEADLINE_MS });
  }
}

// Names are written out once and have a number from then on: `(7) malloc`, then `(7)`.
function nameIn(names, text) {
  const [, number, name] = /^(\(\d+\))? ?(.*)$/.exec(text);
  if (!number) return name;
  if (name) names.set(number, name);
  return names.get(number);
}

// [{ name, self, inclusive }] in instructions; what a function spends on calls of itself is not counted twice.  The
// form is that of "Callgrind Format Specification" in valgrind's manual.
export function readProfile(file) {
  const objects = new Map();
  const names = new Map();
  const functions = new Map();
  let object, called, current, isCall = false;
  const functionOf = (name) => {
    const key = `${name} [${object}]`;
    if (!functions.has(key)) functions.set(key, { name: key, function: name, self: 0, inclusive: 0 });
    return functions.get(key);
  };
  for (const line of readFileSync(file, 'latin1').split('\n')) {
    const [, word, rest] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (word === 'ob') object = basename(nameIn(objects, rest));
    else if (word === 'cob') nameIn(objects, rest);
    else if (word === 'fn') current = functionOf(nameIn(names, rest));
    else if (word === 'cfn') called = nameIn(names, rest);
    else if (word === 'calls') isCall = true;
    else if (/^[-+*\d]/.test(line)) {
      const cost = Number(line.split(' ')[1]);
      if (!isCall) current.self += cost;
      if (!isCall || called !== current.function) current.inclusive += cost;
      isCall = false;
    }
  }
  return [...functions.values()];
}
