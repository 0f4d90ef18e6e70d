// The table: a line for each pair, with the medians of the rounds.

import { median } from './measure.mjs';

const whole = (value) => Math.round(value).toLocaleString('en-US');
const ms = (us) => (us / 1000).toFixed(2);

const ratios = (rounds, first, second) => rounds.map((round) => round[first].rate / round[second].rate);

function latency(rounds, side) {
  if (rounds[0][side].p50_us === undefined) return '';
  return ` (${['p50_us', 'p99_us'].map((name) => ms(median(rounds.map((round) => round[side][name])))).join(' / ')})`;
}

// Microseconds of the processor for each request, by program.
function processor(rounds, side) {
  return Object.keys(rounds[0][side].processor ?? {}).map((name) =>
    `${name} ${Math.round(median(rounds.map((round) => round[side].processor[name])))}`).join(', ');
}

const rateOf = ({ sides, rounds }, side) =>
  `${sides[side].label}: ${whole(median(rounds.map((round) => round[side].rate)))}${latency(rounds, side)}`;

function lineOf(group, [first, second, goal]) {
  const { title, connections, rounds } = group;
  const all = ratios(rounds, first, second), ratio = median(all);
  const missed = goal !== undefined && ratio < goal;
  const wanted = goal === undefined ? '' : ` (goal ${goal}${missed ? ', missed' : ''})`;
  const cost = [processor(rounds, first), processor(rounds, second)].join('; ');
  return {
    missed,
    line: `| ${title} | ${connections} | ${rateOf(group, first)} | ${rateOf(group, second)} | **${ratio.toFixed(2)}**${wanted} | `
      + `${all.map((value) => value.toFixed(2)).join(' ')} | ${cost} |`,
  };
}

// Of a side alone, with another one for comparison.
function goalOf(group, { side, beside, what, most }) {
  const { title, connections, rounds } = group;
  const all = rounds.map((round) => round[side][what]), value = median(all);
  const missed = value > most;
  return {
    missed,
    line: `| ${title}, ${what.replace('_us', '')} | ${connections} | ${rateOf(group, side)} | ${rateOf(group, beside)} | `
      + `**${ms(value)} ms** (goal ${ms(most)} ms${missed ? ', missed' : ''}) | ${all.map(ms).join(' ')} | `
      + `${processor(rounds, side)} |`,
  };
}

// One round of one group as it comes.
export function progress({ row, connections, sides }, number, round) {
  const parts = Object.entries(round).map(([side, { rate, p99_us: p99 }]) =>
    `${sides[side].label} ${whole(rate)}/s${p99 === undefined ? '' : ` (p99 ${ms(p99)} ms)`}`);
  return `round ${number}: ${row}, ${connections}: ${parts.join('; ')}`;
}

// The table in markdown; false where a goal was missed.
export function report(groups, { seconds, fsync }) {
  const lines = groups.flatMap((group) => [
    ...group.pairs.map((pair) => lineOf(group, pair)), ...(group.goals ?? []).map((goal) => goalOf(group, goal))]);
  console.log(`${groups[0].rounds.length} rounds of ${seconds} s, medians; PostgreSQL with fsync ${fsync}.  Rates a second, `
    + 'in brackets p50 / p99 in ms; the ratio is the median of the rounds\' ratios; microseconds of the processor per '
    + 'request at the end, of the first and of the second.\n');
  console.log('| what | connections | first | second | ratio | all rounds | processor, us |\n|---|---|---|---|---|---|---|');
  for (const { line } of lines) console.log(line);
  const missed = lines.filter((line) => line.missed).length;
  console.log(`\n${missed === 0 ? 'every goal reached' : `${missed} goals missed`}`);
  return missed === 0;
}
