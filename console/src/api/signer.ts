// SDK-HMAC-SHA256 in the browser, by WebCrypto. The secret key is turned into a CryptoKey that cannot be
// read out again; nothing here keeps the text of it.
//
// Host is left out of the signed headers: the service asks for none but the date, and a page does not know
// what a proxy between makes of Host.

const ALGORITHM = 'SDK-HMAC-SHA256';
const encoder = new TextEncoder();

export type Header = readonly [name: string, value: string];

export interface SigningKey {
  accessKey: string;
  key: CryptoKey;
}

export interface Request {
  method: string;
  /** Path and query as they are sent. */
  target: string;
  headers: readonly Header[];
  body: Uint8Array;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const hex = (bytes: ArrayBuffer): string =>
  Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');

const sha256 = async (bytes: Uint8Array): Promise<string> =>
  hex(await crypto.subtle.digest('SHA-256', bytes as BufferSource));

/** The secret's bytes become a key that can sign and can not be exported. */
export async function importKey(accessKey: string, secret: string): Promise<SigningKey> {
  const key = await crypto.subtle.importKey('raw', encoder.encode(secret),
    { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return { accessKey, key };
}

/** YYYYMMDDTHHMMSSZ, as X-Sdk-Date wants it. */
export const stamp = (date: Date): string => date.toISOString().replace(/[-:]|\.\d{3}/g, '');

// Percent-decoded to bytes; a '%' without two hex digits stands for itself.
function decode(text: string): number[] {
  const source = encoder.encode(text);
  const bytes: number[] = [];
  for (let i = 0; i < source.length; i++) {
    const digits = String.fromCharCode(source[i + 1] ?? 0, source[i + 2] ?? 0);
    if (source[i] === 0x25 && /^[0-9a-f]{2}$/i.test(digits)) {
      bytes.push(parseInt(digits, 16));
      i += 2;
    } else {
      bytes.push(source[i] as number);
    }
  }
  return bytes;
}

const UNRESERVED = /[A-Za-z0-9\-_.~]/;

const normalise = (text: string): string => decode(text).map((byte) => {
  const char = String.fromCharCode(byte);
  return UNRESERVED.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}).join('');

function split(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function canonicalQuery(query: string): string {
  return query.split('&').filter((pair) => pair !== '')
    .map((pair) => split(pair, '=').map(normalise) as [string, string])
    .sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]))
    .map(([name, value]) => `${name}=${value}`).join('&');
}

/** The text whose hash is signed (contract of the service, "Authentication"). */
export async function canonicalRequest(request: Request, signed: readonly string[]): Promise<string> {
  const [path, query] = split(request.target, '?');
  const uri = path.split('/').map(normalise).join('/');
  const lines = signed.flatMap((name) =>
    request.headers.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value.trim())
      .sort(compare).map((value) => `${name}:${value}\n`));
  return [
    request.method, uri.endsWith('/') ? uri : `${uri}/`, canonicalQuery(query), lines.join(''),
    signed.join(';'), await sha256(request.body),
  ].join('\n');
}

/** The value of Authorization; `request.headers` must hold X-Sdk-Date, and all of them are signed. */
export async function authorization(key: SigningKey, request: Request,
  signed: readonly string[] = [...new Set(request.headers.map(([name]) => name.toLowerCase()))].sort(compare),
): Promise<string> {
  const date = request.headers.find(([name]) => name.toLowerCase() === 'x-sdk-date')?.[1];
  if (date === undefined) throw new Error('X-Sdk-Date is missing');
  const digest = await sha256(encoder.encode(await canonicalRequest(request, signed)));
  const signature = hex(await crypto.subtle.sign('HMAC', key.key,
    encoder.encode(`${ALGORITHM}\n${date}\n${digest}`)));
  return `${ALGORITHM} Access=${key.accessKey}, SignedHeaders=${signed.join(';')}, Signature=${signature}`;
}
