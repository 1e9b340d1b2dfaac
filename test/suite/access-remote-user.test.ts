/** The access matrix for users whom the web server has verified. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AtomMQ } from '../../src/bus.js';
import { resolveSettings } from '../../src/config.js';
import { doors, eachDoor } from '../doors/all.js';
import { CONFIGURATION, expected, type Kind, mediaPath, REQUESTS, RULES } from './access.js';

/** `REMOTE_USER` comes by the environment of a script, one user at a time. */
const REMOTE: [user: string | undefined, trusted: boolean, kind: Kind][] = [
  ['root', true, 'right'],
  ['guest', true, 'other feed'],
  [undefined, true, 'nobody'],
  ['root', false, 'nobody'],
];

for (const [user, trusted, kind] of REMOTE) {
  eachDoor(
    (at) => {
      test(`REMOTE_USER ${user ?? 'not there'}, ${trusted ? 'believed' : 'not believed'}`, async () => {
        const door = at();
        for (const [index, request] of REQUESTS.entries()) {
          const { name, method, row } = request;
          const to = { base: door.base, feed: 'private', entry: 'urn:x:1', media: 'urn:x:1' };
          if (row.server || (kind === 'right' && (row.path === mediaPath || method === 'DELETE'))) continue;
          const status = expected(request, { kind, way: 'REMOTE_USER', field: undefined });
          const answer = await door.ask(method, `/atommq${row.path(to)}`, row.asked?.(to));
          assert.equal(answer.status, status, `${name} ${index}: ${answer.text}`);
          if (row.list && kind !== 'right') assert.doesNotMatch(answer.text, /private/, name);
        }
      });
    },
    {
      configuration: {
        access: RULES,
        groups_file: CONFIGURATION.groups_file,
        tokens: true,
        websub: true,
        websub_allow: CONFIGURATION.websub_allow,
        ...(trusted ? { trust_remote_user: true } : {}),
      },
      ...(user === undefined ? {} : { environment: { REMOTE_USER: user } }),
      prepare: async (database) => {
        const bus = await AtomMQ.from(resolveSettings({ file: false, set: { database } }).settings, console.error, {
          runOnce: true,
        });
        await bus.publish('private', '<entry><id>urn:x:1</id><title>secret title</title></entry>');
        await bus.close();
      },
    },
    doors.filter(({ name }) => name === 'CGI child'),
  );
}
