// The peer beside a site's own server: on its database, with its key file.
//
//   const { program, port } = await startPeer(world, site);   stopped with the world

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROLES } from '../../support/postgres.mjs';
import { Program } from '../../support/program.mjs';
import { until } from '../../support/wait.mjs';

const SERVER = fileURLToPath(new URL('server.mjs', import.meta.url));

const readPort = (file) => {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return 0;
    throw error;
  }
};

export async function startPeer(world, site) {
  const portFile = join(world.directory, `peer-${site.database}`);
  const program = new Program('peer', process.execPath, [SERVER], {
    env: {
      DATABASE_URL: world.postgres.url(site.database, ROLES.server), KEY_FILE: world.keyFile, PORT_FILE: portFile,
      NODE_ENV: 'production',
    },
  });
  world.onClose(async () => {
    if (program.running) await program.stop();
    else program.check(null);
  });
  const port = await until('the peer listens', () => {
    if (!program.running) throw new Error(`the peer ended:\n${program.stderr}`);
    return readPort(portFile);
  });
  return { program, port };
}
