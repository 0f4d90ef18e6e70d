// What is no line of a log is found wherever a program of ours stops; here, that it is.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkLog } from '../support/log_lines.mjs';
import { Program } from '../support/program.mjs';

const HEAD = '{"time":"2026-01-02T03:04:05.678Z","level":"info","event":"listening"';
const good = (more = '') => `${HEAD}${more}}\n`;

test('lines as they are written', () => {
  checkLog('');
  checkLog(good() + good(',"port":8443,"scheme":"https"') + good(',"reason":"a \\"quoted\\": word"'));
  checkLog(good(',"project":"","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7"'));
});

test('lines as they must not be', () => {
  const of = (event, more) => `${HEAD.replace('listening', event)}${more}}\n`;
  for (const bad of [
    'nonsense\n', '\n', '[]\n', '7\n', 'null\n', HEAD, `${HEAD}}`, `${HEAD}\n`, good() + good().trimEnd(),
    '{"level":"info","time":"2026-01-02T03:04:05.678Z","event":"a"}\n',
    good().replace('.678Z', 'Z'), good().replace('info', 'notice'), good().replace('listening', 'Listening to'),
    good(',"Port":1'), good(',"port":1.5'), good(',"port":{}'), good(',"port":null'), good(',"port":true'),
    good(',"port":1,"port":2'), good(',"a":"","event":"b"'),
    good(',"error":"INTERNAL"'), good(',"error":"INTERNAL","reason":""'), good(',"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"'),
    of('request', ',"status":200'), of('request', ',"request_id":"12","status":200'),
    of('scan_started', ',"task":"9b6ff2a5-9b4c-4a29-8c1b-7b1c5e2d3f4a"'), of('audit', ',"request_id":""'),
  ])
    assert.throws(() => checkLog(bad), /line/, JSON.stringify(bad));
  checkLog(good() + HEAD, { killed: true });
  assert.throws(() => checkLog(`${HEAD}\n${HEAD}`, { killed: true }), /line/);
});

test('a program of ours that says something else does not pass', async () => {
  const check = async (name, words, args = []) => {
    const program = new Program(name, 'sh', ['-c', `echo '${words}' >&2`, 'sh', ...args]);
    await program.wait();
    program.check(null);
  };
  await assert.rejects(check('dcs-server', 'WARNING: of a library'), /not a line of a log/);
  await assert.rejects(check('dcs-worker', 'WARNING: of a library'), /not a line of a log/);
  await check('dcs-worker', good().trimEnd());
  await check('dcs-server', 'the settings are good', ['--check-config']);
  await check('redis', 'anything');
});
