/** Options: where and how a server listens. */
import {
  addresses,
  baseUrl,
  bool,
  choice,
  filledText,
  hostNames,
  mode,
  mount,
  optional,
  socket,
  whole,
} from '../values.js';
import type { Options } from './option.js';

export const SERVING = {
  gateway: { name: 'gateway', default: 'http', help: 'http, fastcgi or cgi', ...choice('http', 'fastcgi', 'cgi') },
  host: { name: 'host', default: '127.0.0.1', help: 'address to listen on (http)', parse: filledText },
  port: { name: 'port', default: 8080, help: 'port to listen on (http); 0 takes a free one', parse: whole(0, 65535) },
  socket: {
    name: 'socket',
    default: undefined,
    help: 'path, port or host:port to listen on (fastcgi)',
    parse: optional(socket),
    file: true,
  },
  socketMode: {
    name: 'socket-mode',
    default: undefined,
    help: 'mode of the socket file, such as 0660',
    parse: optional(mode),
  },
  workers: { name: 'workers', default: 1, help: 'processes that serve', parse: whole(1, 256) },
  mount: { name: 'mount', default: '/atommq', help: 'path that AtomMQ is served under', parse: mount },
  baseUrl: {
    name: 'base-url',
    default: undefined,
    help: 'public address of the mount point, for links',
    parse: optional(baseUrl),
  },
  allowedHosts: {
    name: 'allowed-hosts',
    default: [],
    help: "names that clients may call the server by; * for all; on loopback, where nothing is said, its own and base-url's",
    parse: hostNames,
  },
  trustedProxies: {
    name: 'trusted-proxies',
    default: [],
    help: 'addresses whose Forwarded fields are believed',
    parse: addresses,
  },
  detach: { name: 'detach', default: false, help: 'run in the background', parse: bool, flag: true },
  pidFile: {
    name: 'pid-file',
    default: undefined,
    help: 'file that holds the process id',
    parse: optional(filledText),
    file: true,
  },
  drainTimeout: {
    name: 'drain-timeout',
    default: 30,
    help: 'seconds that running requests get to finish on a stop',
    parse: whole(0, 3600),
  },
} as const satisfies Options;
