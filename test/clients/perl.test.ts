/** The AtomPub clients that Debian has for Perl, through every server that speaks HTTP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eachHttpDoor, unlessThere } from '../doors/all.js';
import { PERL } from '../doors/children.js';
import { beside, run } from './run.js';

const without = unlessThere('perl:Atompub::Client', 'perl:XML::Atom::Client', 'perl:Test::More');

eachHttpDoor((at) => {
  for (const [name, script] of [
    ['Atompub::Client', 'atompub.pl'],
    ['XML::Atom::Client', 'xml-atom.pl'],
  ] as const) {
    test(`${name} does all that it can`, { skip: without }, async () => {
      const feed = script.slice(0, -3);
      const { status, stdout, output } = await run(PERL, [beside(script), at().base, feed]);
      assert.equal(status, 0, output);
      assert.match(stdout, /^1\.\.\d+$/m, 'the script came to its end');
    });
  }
});
