// The settings as the programs know them: the rows of core/base/include/base/config.def, by name.

import { readFileSync } from 'node:fs';

const text = readFileSync(new URL('../../core/base/include/base/config.def', import.meta.url), 'utf8');

export const settings = new Map();
for (const [, name, value] of text.matchAll(/^[TS]\((\w+), "([^"]*)"/gm)) settings.set(name, { type: 'text', value });
for (const [, name, value, least, most] of text.matchAll(/^N\((\w+), (\d+), (\d+), (\d+),/gm))
  settings.set(name, { type: 'number', value: Number(value), least: Number(least), most: Number(most) });
for (const [, name] of text.matchAll(/^S\((\w+)/gm)) settings.get(name).secret = true;
