// A unit of systemd, read: { Section: [[Name, value], ...] }, and what it says of one name.

import { readFileSync } from 'node:fs';

export function readUnit(path) {
  const unit = { path, sections: {} };
  let section;
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const head = /^\[(\w+)\]$/.exec(line);
    if (head) section = unit.sections[head[1]] = [];
    else section.push(/^(\w+)=(.*)$/.exec(line).slice(1));
  }
  unit.all = (name) => Object.values(unit.sections).flat().filter(([own]) => own === name).map(([, value]) => value);
  unit.get = (name) => unit.all(name).at(-1);
  return unit;
}
