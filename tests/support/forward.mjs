// Forwards a TCP port of every address of its network namespace to a Unix socket, which namespaces share:
// `node forward.mjs PORT SOCKET` says `ready` and goes on until it is ended.

import net from 'node:net';

const [port, path] = process.argv.slice(2);

net.createServer((client) => {
  const server = net.connect({ path });
  for (const [from, to] of [[client, server], [server, client]]) {
    from.pipe(to);
    from.on('error', () => {}).on('close', () => to.destroy());
  }
}).listen(Number(port), () => console.log('ready'));
