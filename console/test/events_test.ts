// Events come out whole however the stream was cut.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventParser, eventsOf } from '../src/api/events';

const STREAM = 'retry: 2000\n\n: still here\n\nevent: progress\ndata: {"a":1}\n\ndata: one\r\ndata:two\r\n\r\nevent: end\rdata: é\r\rdata: cut off';

const EXPECTED = [
  { event: 'progress', data: '{"a":1}' }, { event: 'message', data: 'one\ntwo' }, { event: 'end', data: 'é' },
];

for (const size of [1, 2, 3, 7, 1000]) {
  test(`in pieces of ${size}`, () => {
    const parser = new EventParser();
    const found = [];
    for (let at = 0; at < STREAM.length; at += size) found.push(...parser.push(STREAM.slice(at, at + size)));
    assert.deepEqual(found, EXPECTED);
  });
}

test('characters cut in the middle', async () => {
  const bytes = new TextEncoder().encode('data: 键👩‍👧\n\n');
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(new Uint8Array([byte]));
      controller.close();
    },
  });
  const found = [];
  for await (const event of eventsOf(new Response(body), 1000)) found.push(event);
  assert.deepEqual(found, [{ event: 'message', data: '键👩‍👧' }]);
});

test('a stream that says nothing is given up', async () => {
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    cancel() {
      cancelled = true;
    },
  });
  await assert.rejects(async () => {
    for await (const event of eventsOf(new Response(body), 1)) assert.fail(event.data);
  }, /silence/);
  assert.ok(cancelled);
});
