// The scenarios by name.  run(world, { rounds, random, scanMs }) gives { rounds, kills, figures, violations,
// evidence, note }; scanMs is about how long a scan that is disturbed lasts.  rounds is how many the long form takes,
// and long what else it is given.

import { breakRedis } from './break_redis.mjs';
import { claimers } from './claimers.mjs';
import { killServers } from './kill_servers.mjs';
import { endWorkers, killWorkers } from './kill_workers.mjs';
import { loseDatabase } from './lose_database.mjs';
import { keepMonth } from './month.mjs';
import { restartDatabase } from './restart_database.mjs';
import { stopWorkers } from './stop_workers.mjs';

export const SCENARIOS = {
  workers: { run: killWorkers, rounds: 300, what: 'workers are killed in mid-scan' },
  leaving: { run: endWorkers, rounds: 100, what: 'workers are told to end in mid-scan' },
  servers: { run: killServers, rounds: 400, what: 'servers are killed between commit and answer' },
  stops: { run: stopWorkers, rounds: 100, what: 'workers are held for longer than their lease' },
  database: { run: restartDatabase, rounds: 20, what: 'PostgreSQL crashes under load' },
  absence: { run: loseDatabase, rounds: 20, what: 'PostgreSQL is away under requests, crashed or silent',
    long: { answerMs: 2000, readyMs: 5000, awayMs: 5000 } },
  redis: { run: breakRedis, rounds: 100, what: 'Redis restarts, and a cluster changes, in mid-scan' },
  month: { run: keepMonth, rounds: 30, what: 'five workers are killed over a month of automatic analyses, a day a round' },
  claimers: { run: claimers, rounds: 3, what: 'many claimers share many tasks',
    long: { tasks: 100_000, claimers: 64, compare: true } },
};
