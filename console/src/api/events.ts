// Server-sent events read by fetch(): EventSource can not send signed headers. The format is that of the
// HTML standard, section 9.2.6 "Interpreting an event stream".

export interface ServerEvent {
  event: string;
  data: string;
}

/** Turns text as it comes, cut anywhere, into events. */
export class EventParser {
  private rest = '';
  private event = '';
  private data: string[] = [];

  push(text: string): ServerEvent[] {
    const found: ServerEvent[] = [];
    // A CR at the very end may be half of a CR LF.
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      const whole = this.line(line);
      if (whole !== undefined) found.push(whole);
    }
    return found;
  }

  private line(line: string): ServerEvent | undefined {
    if (line === '') return this.dispatch();
    if (line.startsWith(':')) return undefined;
    const at = line.indexOf(':');
    const field = at < 0 ? line : line.slice(0, at);
    const value = at < 0 ? '' : line.slice(at + 1).replace(/^ /, '');
    if (field === 'event') this.event = value;
    else if (field === 'data') this.data.push(value);
    return undefined;
  }

  private dispatch(): ServerEvent | undefined {
    const made = this.data.length === 0 ? undefined
      : { event: this.event === '' ? 'message' : this.event, data: this.data.join('\n') };
    this.event = '';
    this.data = [];
    return made;
  }
}

/** What comes next, or a failure after a time without anything: a connection may die unseen. */
async function nextOf<T>(coming: Promise<T>, silenceMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('silence')), silenceMs);
  });
  try {
    return await Promise.race([coming, silence]);
  } finally {
    clearTimeout(timer);
  }
}

/** The events of an answer until it ends. Throws as the reading of a body does, and after `silenceMs` without a byte. */
export async function* eventsOf(response: Response, silenceMs: number): AsyncGenerator<ServerEvent> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  const parser = new EventParser();
  try {
    for (;;) {
      const { done, value } = await nextOf(reader.read(), silenceMs);
      if (done) return;
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
