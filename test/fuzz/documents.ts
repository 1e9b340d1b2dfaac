/** What fuzzing of XML begins with, and what it puts in. */

const ATOM = 'http://www.w3.org/2005/Atom';
const XHTML = '<div xmlns="http://www.w3.org/1999/xhtml">a<!-- c --><b>d</b><![CDATA[<e>]]>&#x1F600;</div>';
export const DOCUMENTS = [
  '<entry> <title>allo</title> <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">x</div></content> </entry>',
  `<?xml version="1.0" encoding="utf-8"?>\n<entry xmlns="${ATOM}" xml:lang="de"><id>urn:x:1</id><title type="html">&lt;b&gt;</title><updated>2026-01-02T03:04:05Z</updated><content type="xhtml">${XHTML}</content></entry>`,
  `<a:entry xmlns:a="${ATOM}" xmlns:x="urn:x" xml:base="http://e.org/"><x:y a:z="1" x:z='"'>m<x:i/>n</x:y><a:author><a:name>é</a:name></a:author><a:link rel="alternate" href="?a&amp;b"/></a:entry>`,
  `<entry xmlns="${ATOM}"><?pi data?><category term="t" scheme="urn:s"/><content type="application/xml"><r xmlns=""/></content><summary>s</summary><published>2026-01-02T03:04:05.5+01:00</published></entry>`,
  `<feed xmlns="${ATOM}"><title>b</title><entry><title>1</title></entry><entry xmlns:p="urn:p"><p:q/></entry></feed>`,
];
// biome-ignore format: tokens are read in rows
export const TOKENS = [
  '<', '>', '&', '"', "'", '/', '=', ':', '?', '!', ']]>', '<![CDATA[', '<!--', '-->', '--', '<?', '?>', '<?xml version="1.0"?>',
  '&#0;', '&#1;', '&#xD800;', '&#xFFFE;', '&#x10FFFF;', '&#x110000;', '&amp;', '&lt;', '&nbsp;', '&a;', '&#13;', '&#x85;',
  '<!DOCTYPE a [<!ENTITY a "b">]>', '<!ENTITY', '\0', '\x01', '\x0b', '\x7f', '\x85', '\r', '\r\n', '\t',
  '\xff', '\xfe\xff', '\xff\xfe', '\xef\xbb\xbf', '\xc0\xaf', '\xed\xa0\x80', '\xef\xbf\xbe', '\xf4\x90\x80\x80', '\xf0\x9f\x98\x80', '\xe2\x80\xa8',
  ' xmlns=""', ' xmlns:a=""', ' xmlns:xml="u"', ' xmlns:a="http://www.w3.org/2005/Atom"', ' xmlns="http://www.w3.org/2005/Atom"', ' xml:lang="x"', ' a:b="c"', ' a="<"', ' type="xhtml"',
  '<entry>', '</entry>', '<entry/>', '<feed>', '</feed>', '<id>urn:x:2</id>', '<id></id>', '<title/>', '<updated>x</updated>', '<x:y/>', '</', '/>', '<a><a><a><a>',
  ' encoding="utf-16"', ' encoding="iso-8859-1"', ' encoding="us-ascii"', ' encoding="x"', ' version="1.1"', ' standalone="no"',
];
