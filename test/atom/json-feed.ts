/** The rules of JSON Feed 1.1 (https://jsonfeed.org/version/1.1) that a program can check. */
import assert from 'node:assert/strict';

type Members = Record<string, unknown>;
type Check = (value: unknown, where: string) => void;

const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

const text: Check = (value, where) => assert.equal(typeof value, 'string', where);
const filled: Check = (value, where) => assert.ok(typeof value === 'string' && value !== '', where);
const date: Check = (value, where) => assert.match(String(value), DATE, where);
const size: Check = (value, where) => assert.ok(Number.isSafeInteger(value) && Number(value) >= 0, where);
const list =
  (check: Check): Check =>
  (value, where) => {
    assert.ok(Array.isArray(value) && value.length > 0, where);
    for (const [index, each] of value.entries()) check(each, `${where}[${index}]`);
  };

const author: Check = (value, where) => {
  checkMembers(value, { name: filled, url: filled, avatar: filled }, [], where);
  assert.ok(Object.keys(value as Members).length > 0, `${where} is empty`);
};
const attachment: Check = (value, where) =>
  checkMembers(
    value,
    { url: filled, mime_type: filled, title: text, size_in_bytes: size },
    ['url', 'mime_type'],
    where,
  );
const hub: Check = (value, where) => checkMembers(value, { type: filled, url: filled }, ['type', 'url'], where);

/** An item: what is required, the types of the rest, and nothing that JSON Feed does not know outside `_atommq`. */
export const checkItem: Check = (value, where) => {
  const members = {
    ...{ id: filled, url: filled, external_url: filled, title: filled, content_html: text, content_text: text },
    ...{ summary: filled, date_published: date, date_modified: date, authors: list(author), tags: list(filled) },
    ...{ language: filled, attachments: list(attachment) },
  };
  checkMembers(value, members, ['id'], where);
  const item = value as Members;
  assert.ok('content_html' in item || 'content_text' in item, `${where} has no content`);
};

/** A whole document. */
export function checkJsonFeed(value: unknown): void {
  const members = {
    ...{ version: text, title: text, home_page_url: filled, feed_url: filled, next_url: filled, description: filled },
    ...{ icon: filled, favicon: filled, authors: list(author), language: filled, hubs: list(hub) },
    items: (items: unknown, where: string) => assert.ok(Array.isArray(items), where),
  };
  checkMembers(value, members, ['version', 'title', 'items'], 'feed');
  const feed = value as { version: string; items: unknown[] };
  assert.equal(feed.version, 'https://jsonfeed.org/version/1.1');
  for (const [index, item] of feed.items.entries()) checkItem(item, `items[${index}]`);
}

function checkMembers(value: unknown, members: Record<string, Check>, required: string[], where: string): void {
  assert.ok(typeof value === 'object' && value !== null && !Array.isArray(value), where);
  for (const name of required) assert.ok(name in value, `${where} has no ${name}`);
  for (const [name, member] of Object.entries(value)) {
    if (name === '_atommq') assert.equal(typeof member, 'object', where);
    else {
      assert.ok(Object.hasOwn(members, name), `${where} has ${name}`);
      members[name]!(member, `${where}.${name}`);
    }
  }
}
