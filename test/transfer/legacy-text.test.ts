/** Texts that a driver of Perl's encoded twice, and those that only look so. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meantBy } from '../../src/transfer/legacy-text.js';

/** What is in a database of characters when bytes of UTF-8 were handed to it as if they were Latin-1. */
const twice = (text: string) => Buffer.from(text).toString('latin1');
test('a text that was encoded twice is put right', () => {
  for (const text of ['Grüße', 'Łódź 中文 😀', '“quoted” – € 5', 'é']) {
    assert.deepEqual(meantBy(twice(text), false), { text, mended: true });
    assert.deepEqual(meantBy(Buffer.from(twice(text)), false), { text, mended: true });
  }
  // The same in MySQL, whose `latin1` is Windows-1252.
  for (const [kept, text] of [
    ['GrÃ¼ÃŸe', 'Grüße'],
    ['â€œÅ\x81Ã³dÅºâ€\x9D â€“ â‚¬ 5 ðŸ˜€', '“Łódź” – € 5 😀'],
  ] as const) {
    assert.deepEqual(meantBy(kept, false), { text, mended: true });
  }
});

test('a text that was encoded once stays, and so does any where the database keeps the bytes', () => {
  for (const text of ['plain', 'Grüße', 'Łódź 中文 😀', 'Ã¼ is what Grüße becomes', 'naïve «café»', '© 2011']) {
    assert.deepEqual(meantBy(text, false), { text, mended: false });
    assert.deepEqual(meantBy(Buffer.from(text), false), { text, mended: false });
  }
  assert.deepEqual(meantBy(Buffer.from(twice('Grüße')), true), { text: twice('Grüße'), mended: false });
});

test('bytes that are no text are the bytes that were sent', () => {
  const png = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x80, 0x99, 0x81]);
  assert.deepEqual(meantBy(png, true), { bytes: png });
  assert.deepEqual(meantBy(png.toString('latin1'), false), { bytes: png });
  assert.deepEqual(meantBy('‰PNG\r\n\x1a\n€™\x81', false), { bytes: png });
  assert.deepEqual(meantBy('bell \x07 中', false), { bytes: Buffer.from('bell \x07 中') });
});
