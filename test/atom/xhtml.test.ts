/** XHTML as HTML, and HTML as text. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { escapeHtml, textOfHtml } from '../../src/atom/text.js';
import { xhtmlToHtml } from '../../src/atom/xhtml.js';

const XHTML = 'http://www.w3.org/1999/xhtml';
const html = (inside: string, base?: string) => xhtmlToHtml(`<div xmlns="${XHTML}">${inside}</div>`, {}, base);

describe('XHTML to HTML', () => {
  const cases: [string, string, string][] = [
    ['void elements', 'a<br/>b<img src="c"/><hr></hr>', 'a<br>b<img src="c"><hr>'],
    ['empty elements that are not void', '<p/><script src="x"/>', '<p></p><script src="x"></script>'],
    [
      'text and attributes are escaped',
      '<i title="&quot;&lt;\'&amp;">&lt;&amp;]]&gt;</i>',
      '<i title="&quot;&lt;&#39;&amp;">&lt;&amp;]]&gt;</i>',
    ],
    ['CDATA is text, comments and instructions go', 'a<![CDATA[<b>]]><!-- <c> --><?d e?>', 'a&lt;b&gt;'],
    ['any character', '\u{1F600}&#x10FFFD;é', '\u{1F600}\u{10FFFD}é'],
    ['line ends', 'a\r\nb', 'a\nb'],
    [
      'xml:lang becomes lang',
      '<i xml:lang="de">x</i><i lang="a" xml:lang="b">y</i>',
      '<i lang="de">x</i><i lang="a">y</i>',
    ],
    ['other attributes with a prefix go', '<i xml:id="a" xmlns:e="urn:e" e:type="b" id="c"/>', '<i id="c"></i>'],
    [
      'a line end that a parser would drop is doubled',
      '<pre>\n a</pre><textarea>\n</textarea>',
      '<pre>\n\n a</pre><textarea>\n\n</textarea>',
    ],
    ['a style sheet stays as it is', '<style>a>b{c:"&amp;"}</style>', '<style>a>b{c:"&"}</style>'],
    [
      'what a raw element cannot hold is left out',
      '<style>&lt;/style>&lt;script>alert(1)&lt;/script></style>',
      '<style></style>',
    ],
    [
      'no tags in raw elements',
      '<style>a<b>c</b></style><title><i>x</i>&lt;/title></title>',
      '<style>ac</style><title>x&lt;/title&gt;</title>',
    ],
    [
      'svg and math lose their prefixes only',
      '<s:svg xmlns:s="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><s:path d="M0"/><s:style>&lt;b></s:style></s:svg>',
      '<svg viewBox="0 0 1 1"><path d="M0"></path><style>&lt;b&gt;</style></svg>',
    ],
    [
      'xlink stays in svg',
      '<svg xmlns="http://www.w3.org/2000/svg"><use xmlns:l="http://www.w3.org/1999/xlink" l:href="#a"/></svg>',
      '<svg><use xlink:href="#a"></use></svg>',
    ],
    [
      'HTML in svg',
      '<svg xmlns="http://www.w3.org/2000/svg"><foreignObject><p xmlns="http://www.w3.org/1999/xhtml">x<br/></p></foreignObject></svg>',
      '<svg><foreignObject><p>x<br></p></foreignObject></svg>',
    ],
    ['other foreign elements leave their text', '<x:script xmlns:x="urn:x">a<b>c</b></x:script>', 'a<b>c</b>'],
    ['names that HTML has not leave their text', '<_a>x</_a><é>y</é><plaintext>z</plaintext>', 'xyz'],
  ];
  for (const [what, markup, expected] of cases) test(what, () => assert.equal(html(markup), expected));

  test('the div goes unless it says something, and with any prefix', () => {
    assert.equal(xhtmlToHtml(`\n<h:div>a<h:b>b</h:b></h:div>\n`, { h: XHTML }), 'a<b>b</b>');
    assert.equal(xhtmlToHtml(`<div class="k">a</div>`, { '': XHTML }), '<div class="k">a</div>');
    assert.equal(html('<div>inner</div>'), '<div>inner</div>');
  });

  test('a div whose namespace was forgotten is HTML all the same', () => {
    assert.equal(xhtmlToHtml('<div>a<b/></div>', { '': 'http://www.w3.org/2005/Atom' }), 'a<b></b>');
    assert.equal(xhtmlToHtml('<div xmlns="">a<b/></div>'), 'a<b></b>');
  });

  test('addresses are resolved, by nested bases', () => {
    const base = 'http://x.example/y/';
    assert.equal(
      html('<a href="z">1</a><img src="/i"/><a href="#f">2</a>', base),
      '<a href="http://x.example/y/z">1</a><img src="http://x.example/i"><a href="#f">2</a>',
    );
    assert.equal(
      html('<p xml:base="q/"><a href="z?a&amp;b">1</a></p><a href="mailto:x">2</a>', base),
      '<p><a href="http://x.example/y/q/z?a&amp;b">1</a></p><a href="mailto:x">2</a>',
    );
    assert.equal(html('<a href="z">1</a>'), '<a href="z">1</a>');
  });
});

describe('the text of HTML', () => {
  const cases: [string, string, string][] = [
    ['tags go, blocks are lines', '<h1>A</h1><p>b <i>c</i>\n d</p>e<br>f', 'A\nb c d\ne\nf'],
    [
      'references',
      '&lt;b&gt; &amp;amp; &eacute;&#233;&#xE9; &mdash;&nbsp;&unknown; &#0; &#xD800; AT&T',
      '<b> &amp; ééé —\u00a0&unknown; \ufffd \ufffd AT&T',
    ],
    [
      'scripts, styles and comments',
      'a<script>if (b < c) "</p>"</script>d<STYLE>e</Style >f<!-- g > -->h<!doctype i>j',
      'adfhj',
    ],
    ['a quoted >', '<a title="x>y" href=\'>\'>z</a>', 'z'],
    ['a < that is none', '1 < 2 <3 <é', '1 < 2 <3 <é'],
    ['cut off in a tag', 'a<b href="c', 'a<b href="c'],
    ['preformatted', '<pre> a\n  b </pre>c', 'a\n  b \nc'],
    ['never ended', 'a<script>b', 'a'],
  ];
  for (const [what, source, expected] of cases) test(what, () => assert.equal(textOfHtml(source), expected));

  // In proportion to its square it would take many minutes: what has not ended by then is ended.
  test('takes as long as the source is long', () => {
    const parts = ['<!--', '<a "', '<a x="', '<script', '<pre> ', '&#', ' \n', '<', '= ', '<p>'];
    const program = `const { textOfHtml } = await import(process.argv[1]);
      for (const part of JSON.parse(process.argv[2])) textOfHtml(part.repeat(300_000));`;
    const url = new URL('../../src/atom/text.js', import.meta.url).href;
    const argv = ['--input-type=module', '-e', program, url, JSON.stringify(parts)];
    execFileSync(process.execPath, argv, { timeout: 120_000 });
  });
});

test('escaping', () => {
  assert.equal(escapeHtml(`<&>"'`), '&lt;&amp;&gt;&quot;&#39;');
});
