/**
 * Every example in the documents, run as it stands. The rules:
 *
 * A document is one session: its blocks run in their order, in one temporary folder, and what one leaves behind (files, servers,
 * variables, entries) is there for the next. By language a block is
 *
 * - `sh`: lines for bash that must end with 0; curl fails at 4xx and 5xx. `atommq …`, `npx atommq …` and `npm start` are this package;
 *   a server goes on in the background, in place of one at the same port, until the document ends; `npm install` does nothing.
 * - `console`: `$ command` lines (continued by `> `), each followed by what it prints.
 * - `http`: a request (`METHOD PATH`, fields, empty line, body) and after an empty line its answer, beginning with `HTTP/1.1 STATUS`; as
 *   many as there are. It is sent to localhost:8080 or to its `Host`. Status, the fields shown and the body, if one is shown, must be as they stand.
 *   A stream of events ends when what is shown has come.
 * - `js`, `ts`, `python`: programs that must end with 0; the first two are type-checked, and `atommq` is this package.
 * - `yaml`: a configuration that `atommq config` accepts. `json`, `xml`: well-formed.
 *
 * Ports 8080 to 8089 stand for free ones, and /etc/atommq, /run/atommq, /var/lib/atommq, /var/log/atommq for folders below the session's.
 * Shell finds only programs that change nothing of this machine (PROGRAMS in session.ts), and may name no other file of it; curl
 * connects to this machine whatever the name.
 *
 * White space does not count where outputs and bodies are compared, and `…` in them is whatever comes there. In a request, command
 * or program a word with `…` (`urn:uuid:…`, `"p.…"`) is the last in what was answered or printed so far that fits.
 *
 * Comments that a reader does not see are steps of their own
 *
 * - `<!-- run: SHELL -->`: shell, to prepare something or to assert on an outcome.
 * - `<!-- server: YAML -->`: starts a server at localhost:8080 with this configuration; one that is there stops. The database stays.
 * - `<!-- anew -->`: from here on it is a new session.
 *
 * or say something of the block that comes next
 *
 * - `<!-- skip: REASON -->`: it is not run.
 * - `<!-- read: SHOWN → MEANT -->`: a piece of text is another when it is run (`x × 2000`: so many times); one a line.
 * - `<!-- with: CODE -->`: stands before it when it is run, such as what an earlier block has declared.
 * - `<!-- then: CODE -->`: stands after it, such as what asserts on its outcome.
 * - `<!-- file: NAME -->`: it is saved under the name instead of being run (types and syntax are checked all the same).
 * - `<!-- meanwhile: SHELL -->`: runs when the block has run for a moment, such as a publisher for a block that waits.
 * - `<!-- until: TEXT -->`: it is stopped as soon as it has printed this.
 * - `<!-- output -->`: it is what the last step has printed.
 *
 * A block of another language, or of none, needs `skip`, `file` or `output`. Nothing is passed over without a word.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { unlessThere } from '../doors/all.js';
import { root } from '../doors/children.js';
import { stepsOf } from './markdown.js';
import { Session } from './session.js';
import { runStep } from './step.js';

/** What is no document for users: it tells of versions, or is written by programs. */
const OTHERS = ['CHANGELOG.md'];

const documents = [
  ...readdirSync(root).filter((file) => file.endsWith('.md') && !OTHERS.includes(file)),
  ...readdirSync(join(root, 'deploy'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('deploy', file)),
];

/** Programs by the language of the blocks that need them. */
const SHELL = ['curl', 'htpasswd', 'sqlite3'];
const NEEDS: Record<string, string[]> = { sh: SHELL, console: SHELL, run: SHELL, python: ['/usr/bin/python3'] };

/** `ATOMMQ_TEST_DOCUMENTS=PROTOCOL` keeps to the documents whose names hold that. */
const only = process.env.ATOMMQ_TEST_DOCUMENTS ?? '';

for (const document of documents.filter((name) => name.includes(only)).sort()) {
  describe(document, () => {
    const session = new Session();
    after(() => session.end());
    for (const step of stepsOf(readFileSync(join(root, document), 'utf8'))) {
      const { line, kind, notes } = step;
      const skip = notes.skip ?? unlessThere(...(NEEDS[kind] ?? []));
      test(`${document}:${line} ${kind}`, { skip }, () => runStep(session, step));
    }
  });
}
