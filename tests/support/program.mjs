// Child processes: captured output, log events to wait for, and an end that is always checked.
//
// Every child dies with this process (PR_SET_PDEATHSIG by setpriv), however it ends.  A report of a
// sanitizer in a child's standard error fails the test that stops it; so does a line of our programs' logs that is none.

import { spawn } from 'node:child_process';
import { checkLog } from './log_lines.mjs';
import { until, within } from './wait.mjs';

const SANITIZER_REPORT =
  /ERROR: (Address|Leak|Undefined)\w*Sanitizer|WARNING: ThreadSanitizer|: runtime error: |SUMMARY: \w+Sanitizer/;

const SUPPRESSIONS = new URL('lsan.supp', import.meta.url).pathname;

export const SANITIZER_ENVIRONMENT = {
  ASAN_OPTIONS: 'detect_leaks=1:detect_stack_use_after_return=1:exitcode=99',
  LSAN_OPTIONS: `suppressions=${SUPPRESSIONS}:print_suppressions=0`,
  UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1:exitcode=99',
  TSAN_OPTIONS: 'halt_on_error=0:second_deadlock_stack=1:exitcode=66',
};

// What they are asked for instead of their work they answer to a person.
const PROGRAM_WITH_LOG = /^dcs-(server|worker)$/;
const FOR_A_PERSON = /^--(check-config|print-config|help|version|operations)$/;

// A process ended by a signal has the status that a shell gives it.
const SIGNAL_NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGABRT: 6, SIGKILL: 9, SIGSEGV: 11, SIGTERM: 15, SIGSYS: 31 };

export class Program {
  constructor(name, command, args, { env = {}, user, cwd = '/', deathSignal = 'KILL' } = {}) {
    this.name = name;
    this.hasLog = PROGRAM_WITH_LOG.test(name) && !args.some((word) => FOR_A_PERSON.test(word));
    this.stdout = '';
    this.stderr = '';
    this.status = null;
    const identity = user ? [`--reuid=${user}`, `--regid=${user}`, '--init-groups'] : [];
    this.child = spawn('setpriv', [...identity, `--pdeathsig=${deathSignal}`, '--', command, ...args], {
      cwd,
      env: { PATH: process.env.PATH, LANG: 'C.UTF-8', HOME: '/', ...SANITIZER_ENVIRONMENT, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.pid = this.child.pid;
    this.child.stdin.on('error', () => {});
    this.child.stdout.setEncoding('utf8').on('data', (text) => (this.stdout += text));
    this.child.stderr.setEncoding('utf8').on('data', (text) => (this.stderr += text));
    this.ended = new Promise((resolve, reject) => {
      this.child.on('error', reject);
      this.child.on('close', (code, signal) => {
        this.status = code ?? 128 + (SIGNAL_NUMBERS[signal] ?? 0);
        resolve(this.status);
      });
    });
    this.ended.catch(() => {});
  }

  get running() {
    return this.status === null;
  }

  // The JSON lines of the log so far; what is not JSON is left out.
  get events() {
    return this.stderr.split('\n').flatMap((line) => {
      try {
        const event = JSON.parse(line);
        return event && typeof event === 'object' ? [event] : [];
      } catch {
        return [];
      }
    });
  }

  // The first event of that name which matches; fails at once where the program ends before it.
  async event(name, matches = () => true, deadlineMs) {
    const find = () => this.events.find((event) => event.event === name && matches(event));
    await until(`${this.name}: event ${name}`, () => find() || !this.running, deadlineMs).catch(
      (error) => {
        throw new Error(`${error.message}\n${this.stderr}`);
      },
    );
    const event = find();
    if (!event) throw new Error(`${this.name} ended (${this.status}) before ${name}:\n${this.stderr}`);
    return event;
  }

  signal(name) {
    if (this.running) this.child.kill(name);
  }

  wait(deadlineMs) {
    return within(`${this.name} ends`, this.ended, deadlineMs);
  }

  // Ends it and checks how it ended.  expected null takes any status.
  async stop({ signal = 'SIGTERM', expected = 0, deadlineMs } = {}) {
    this.signal(signal);
    try {
      await this.wait(deadlineMs);
    } catch (error) {
      this.signal('SIGKILL');
      throw new Error(`${error.message}\n${this.stderr}`);
    }
    this.check(expected);
  }

  check(expected) {
    if (SANITIZER_REPORT.test(this.stderr))
      throw new Error(`${this.name}: a sanitizer reported:\n${this.stderr}`);
    if (this.hasLog) checkLog(this.stderr, { killed: this.status > 128 });
    if (expected !== null && this.status !== expected)
      throw new Error(`${this.name} ended with ${this.status}, not ${expected}:\n${this.stderr}`);
  }
}

// Runs to the end: { status, stdout, stderr }.
export async function run(name, command, args, { input, deadlineMs, ...options } = {}) {
  const program = new Program(name, command, args, options);
  program.child.stdin.end(input ?? '');
  try {
    await program.wait(deadlineMs);
  } finally {
    program.signal('SIGKILL');
  }
  program.check(null);
  return { status: program.status, stdout: program.stdout, stderr: program.stderr };
}

// The same for a command that must succeed; its standard output is the result.
export async function must(name, command, args, options) {
  const result = await run(name, command, args, options);
  if (result.status !== 0)
    throw new Error(`${name} ended with ${result.status}:\n${result.stdout}${result.stderr}`);
  return result.stdout;
}
