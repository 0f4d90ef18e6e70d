// Hosts that must never be dialled, in every form that a host is written in.

const hex = (byte) => byte.toString(16).padStart(2, '0');
const octal = (byte) => `0${byte.toString(8)}`;
const groups = (bytes) => `${hex(bytes[0])}${hex(bytes[1])}:${hex(bytes[2])}${hex(bytes[3])}`;

// What inet_aton takes (inet(3)), what IPv6 leads to, and names of both.
function formsOf(text) {
  const [a, b, c, d] = text.split('.').map(Number);
  const number = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  const bytes = [a, b, c, d];
  const inverted = bytes.map((byte) => byte ^ 255);
  return [
    text, `${a}.${b}.${c * 256 + d}`, `${a}.${(b * 256 + c) * 256 + d}`, String(number), `0x${number.toString(16)}`,
    `0X${number.toString(16).toUpperCase()}`, `0${number.toString(8)}`, `000000${number.toString(8)}`,
    bytes.map((byte) => `0x${hex(byte)}`).join('.'), bytes.map(octal).join('.'), `0x${hex(a)}.${octal(b)}.${c}.${d}`,
    `${text}.`,
    `::ffff:${text}`, `::ffff:${groups(bytes)}`, `::FFFF:${groups(bytes).toUpperCase()}`,
    `0:0:0:0:0:ffff:${groups(bytes)}`, `0000:0000:0000:0000:0000:ffff:${text}`, `::${text}`, `::ffff:0:${text}`,
    `64:ff9b::${text}`, `64:FF9B::${groups(bytes)}`, `64:ff9b:1::${text}`, `2002:${groups(bytes)}::1`,
    `2001:0:${groups(bytes)}::f5ff:fff6`, `2001::${groups(inverted)}`, `2001:db8::5efe:${text}`,
    `2001:db8::200:5efe:${text}`,
    `${text}.v4.test`, `${number}.v4.test`, `--ffff-${groups(bytes).replace(':', '-')}.v6.test`,
  ];
}

const V4 = ['127.0.0.1', '127.255.255.254', '0.0.0.0', '169.254.169.254', '169.254.170.2', '100.100.100.200', '192.0.0.192',
  '168.63.129.16', '224.0.0.1', '239.255.255.250', '255.255.255.255'];

const V6 = ['::', '::0', '0:0:0:0:0:0:0:0', '::1', '0:0:0:0:0:0:0:1', '0000:0000:0000:0000:0000:0000:0000:0001', '::0001',
  'fe80::1', 'FE80::1', 'fe80::1%lo', 'fe80::1%1', 'fe80::a9fe:a9fe%eth0', 'febf::1', 'fec0::1', 'FF02::1', 'ff02::1%1',
  'ff0e::1', 'fd00:ec2::254', 'FD00:EC2::254', 'fd00:0ec2:0:0:0:0:0:254', 'fd00:ec2::23', 'fd20:ce::254',
  'fd00:c1::a9fe:a9fe', 'fd00:42::42', 'fd00:a9fe:a9fe::1', 'fd00:100::100:200', '64:ff9b:1:fffe::7f00:1'];

const NAMES = ['localhost', 'LOCALHOST', 'localhost.', '--1.v6.test', 'fe80--1.v6.test', 'fd00-ec2--254.v6.test', '0.v4.test',
  '127.1.v4.test', '0x7f000001.v4.test', '[::1]', '[::ffff:127.0.0.1]', '[fe80::1]'];

// database is an IPv4 address that is the program's own.
export const forbiddenHosts = (database) => [...new Set([...V4, database].flatMap(formsOf).concat(V6, NAMES))];
