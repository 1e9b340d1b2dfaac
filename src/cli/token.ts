/** `atommq token`: makes, lists and revokes the tokens that callers may show. */
import type { Permission } from '../access/caller.js';
import { BadValue } from '../config/bad-value.js';
import { duration } from '../config/feeds.js';
import { nearest } from '../config/nearest.js';
import { ConfigError } from '../config.js';
import type { TokenDesk, TokenOrder, TokenView } from '../guard/token-desk.js';
import type { Input } from './command.js';
import { Failed } from './failed.js';
import { withBus } from './with-bus.js';

const PERMISSIONS: Permission[] = ['read', 'publish', 'edit', 'admin'];
const ACTIONS = ['create', 'list', 'revoke'];
/** Who needs more says so. */
const USUAL: Permission[] = ['read', 'publish'];

/** @returns the exit code */
export async function token({ words, flags, resolved: { settings } }: Input): Promise<number> {
  const work = workOf(words, flags);
  await withBus(settings, async (bus) => work(await bus.tokens()));
  return 0;
}

/**
 * What is to be done, checked before any database is opened.
 * @throws ConfigError for what is not a use of this command
 */
function workOf(
  [action = '', word, ...more]: string[],
  flags: Record<string, unknown>,
): (desk: TokenDesk) => Promise<void> {
  const json = flags.json === true;
  if (!ACTIONS.includes(action)) {
    throw new ConfigError(`token takes no ${JSON.stringify(action)}; the nearest is ${nearest(action, ACTIONS)}`);
  }
  const isCreate = action === 'create';
  const foreign = ['permissions', 'feeds', 'expires'].find((flag) => flags[flag] !== undefined && !isCreate);
  if (foreign !== undefined) throw new ConfigError(`--${foreign} is for token create`);
  if (more.length > 0 || (action === 'list' && word !== undefined)) {
    throw new ConfigError(`token ${action} takes no ${JSON.stringify(more[0] ?? word)}`);
  }
  if (action === 'list') return (desk) => list(desk, json);
  if (word === undefined)
    throw new ConfigError(`token ${action} needs more: atommq token ${isCreate ? 'create NAME' : 'revoke ID'}`);
  if (!isCreate) return (desk) => revoke(desk, word, json);
  const order = orderOf(word, flags);
  return (desk) => create(desk, order, json);
}

/** @throws ConfigError */
function orderOf(name: string, flags: Record<string, unknown>): TokenOrder {
  if (name === '' || [...name].length > 255 || /\p{Cc}/u.test(name)) {
    throw new ConfigError('the NAME of a token has 1 to 255 characters, and no control characters');
  }
  const permissions = flags.permissions === undefined ? USUAL : listOf(flags.permissions).map(permission);
  const feeds = flags.feeds === undefined ? undefined : listOf(flags.feeds).map((one) => one.toLowerCase());
  if (permissions.length === 0) throw new ConfigError('--permissions names none');
  if (feeds?.length === 0) throw new ConfigError('--feeds names none');
  try {
    const lifetime = flags.expires === undefined ? undefined : duration(flags.expires);
    return { name, permissions: [...new Set(permissions)], feeds, lifetime };
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    throw new ConfigError(`--expires: ${JSON.stringify(flags.expires)} ${error.message}`);
  }
}

function permission(word: string): Permission {
  const found = PERMISSIONS.find((one) => one === word);
  if (found !== undefined) return found;
  throw new ConfigError(`--permissions: ${JSON.stringify(word)} is none; the nearest is ${nearest(word, PERMISSIONS)}`);
}

function listOf(flag: unknown): string[] {
  return String(flag)
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

/** The token alone goes to standard output, so that a script can keep it. */
async function create(desk: TokenDesk, order: TokenOrder, json: boolean): Promise<void> {
  const { token: made, view } = await desk.create(order);
  if (json) {
    process.stdout.write(`${JSON.stringify({ token: made, ...view })}\n`);
    return;
  }
  process.stdout.write(`${made}\n`);
  process.stderr.write(`atommq: ${about(view)}. It is not shown again.\n`);
}

async function list(desk: TokenDesk, json: boolean): Promise<void> {
  const tokens = await desk.list();
  if (json) process.stdout.write(`${JSON.stringify(tokens)}\n`);
  else for (const one of tokens) process.stdout.write(`${one.state.padEnd(8)} ${about(one)}\n`);
}

async function revoke(desk: TokenDesk, id: string, json: boolean): Promise<void> {
  const view = await desk.revoke(id);
  if (view === undefined)
    throw new Failed(`there is no token with the id ${JSON.stringify(id)}; atommq token list lists them`);
  process.stdout.write(json ? `${JSON.stringify(view)}\n` : `${view.state.padEnd(8)} ${about(view)}\n`);
}

function about({ id, name, permissions, feeds, created, expires, revoked }: TokenView): string {
  const end =
    revoked !== undefined
      ? `revoked ${revoked.toISOString()}`
      : expires === undefined
        ? 'for ever'
        : `until ${expires.toISOString()}`;
  const where = feeds === undefined ? 'every feed' : feeds.join(',');
  return `${id} ${JSON.stringify(name)} ${permissions.join(',')} of ${where}, made ${created.toISOString()}, ${end}`;
}
