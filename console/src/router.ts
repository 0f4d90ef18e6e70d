// Addresses of the page: '#/path?name=value'. After the hash, so that the service answers one file for all.

import { signal } from '@preact/signals';

export interface Route {
  path: readonly string[];
  query: URLSearchParams;
}

function parse(hash: string): Route {
  const text = hash.replace(/^#\/?/, '');
  const at = text.indexOf('?');
  const path = at < 0 ? text : text.slice(0, at);
  return {
    path: path.split('/').filter((part) => part !== '').map(decodePart),
    query: new URLSearchParams(at < 0 ? '' : text.slice(at + 1)),
  };
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const route = signal<Route>(parse(location.hash));

addEventListener('hashchange', () => {
  route.value = parse(location.hash);
});

// An id of an address becomes part of the path of a signed request: nothing else may.
export const isId = (text: string | undefined): text is string => text !== undefined && /^[0-9a-f-]{36}$/i.test(text);

type Query = Record<string, string | undefined>;

/** The address of a page, for href. */
export function address(path: readonly string[], query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') parameters.set(name, value);
  }
  const text = parameters.toString();
  return `#/${path.map(encodeURIComponent).join('/')}${text === '' ? '' : `?${text}`}`;
}

export const go = (path: readonly string[], query: Query = {}): void => {
  location.hash = address(path, query);
};

/** Changes the query of the present page without a new entry in the history. */
export function amend(changes: Query): void {
  const query: Query = { ...Object.fromEntries(route.value.query), ...changes };
  history.replaceState(null, '', address(route.value.path, query));
  route.value = parse(location.hash);
}
