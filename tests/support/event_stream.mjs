// A client of streams of events, which reads them by the rules of the format (WHATWG HTML, "Server-sent events").

import https from 'node:https';
import { sign } from './signer.mjs';
import { until, within } from './wait.mjs';

let count = 0;

export class EventStream {
  // The answer's head, with a stream where it is 200: { status, headers, body, stream }.
  static async open({ port, ca, key }, path, { token, method = 'GET' } = {}) {
    const stream = new EventStream();
    const own = [['Host', `127.0.0.1:${port}`], ['X-Test-Number', `stream-${++count}`]];
    const headers = token ? [...own, ['X-Auth-Token', token]] : sign({ key, method, target: path, headers: own, body: '' });
    const response = await within(`${method} ${path}`, new Promise((resolve, reject) => {
      stream.request = https.request({ host: '127.0.0.1', port, ca, method, path, agent: false, headers: headers.flat().map(String) }, resolve);
      stream.request.on('error', (error) => (stream.ended ? undefined : reject(error))).end();
    }));
    const head = { status: response.statusCode, headers: response.headers };
    stream.begin(response);
    if (response.statusCode === 200 && method === 'GET') return { ...head, stream };
    await within('the body', stream.ended);
    return { ...head, body: stream.text, json: stream.text ? JSON.parse(stream.text) : undefined };
  }

  begin(response) {
    this.response = response;
    this.text = '';
    this.rest = '';
    this.events = [];
    this.comments = 0;
    this.retries = [];
    this.ended = new Promise((resolve) => {
      response.on('end', () => resolve('end')).on('error', () => resolve('error')).on('close', () => resolve('close'));
    });
    response.setEncoding('utf8').on('data', (chunk) => this.take(chunk));
  }

  take(chunk) {
    this.text += chunk;
    const blocks = (this.rest + chunk).split('\n\n');
    this.rest = blocks.pop();
    for (const block of blocks) {
      const event = { type: 'message', data: [] };
      for (const line of block.split('\n')) {
        const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line);
        if (field === '') this.comments++;
        else if (field === 'retry') this.retries.push(Number(value));
        else if (field === 'event') event.type = value;
        else if (field === 'data') event.data.push(value);
        else throw new Error(`unknown field: ${line}`);
      }
      if (event.data.length) this.events.push({ type: event.type, data: JSON.parse(event.data.join('\n')) });
    }
  }

  get last() {
    return this.events.at(-1);
  }

  // The first event, of those that have come or will, for which that is true.
  has(what, test, deadlineMs) {
    return until(what, () => this.events.find(({ type, data }) => test(data, type)), deadlineMs);
  }

  end(what = 'the stream ends') {
    return within(what, this.ended);
  }

  close() {
    this.request.destroy();
  }
}
