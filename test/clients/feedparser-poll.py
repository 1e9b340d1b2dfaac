#!/usr/bin/python3
"""feedparser reads a feed of entries of every kind, and its second poll, by tag or by time, is a 304.

Usage: feedparser-poll.py URL
"""

import base64
import sys
import time
import urllib.request

import feedparser

url = sys.argv[1]


def poll(**validators):
    result = feedparser.parse(url, **validators)
    # What it could not make sense of: a wrong media type, characters that are not of the encoding, XML that is not.
    assert not result.bozo, result.bozo_exception
    return result


def equal(got, expected):
    assert got == expected, f"{got!r} is not {expected!r}"


first = poll()
equal(first.status, 200)
equal(first.version, "atom10")
assert first.feed.title and first.feed.id and first.feed.updated_parsed, first.feed
equal(first.feed.links[0].rel, "self")
by_title = {entry.title: entry for entry in first.entries}
equal([entry.title for entry in first.entries], ["Tür & <Tor>", "xhtml", "html", "binary", "elsewhere", "of others"])

plain = by_title["Tür & <Tor>"]
equal(plain.content[0].value, "Grüße, 日本 & 😀")
equal(plain.content[0].type, "text/plain")
equal(plain.summary, "kurz & <gut>")
equal(plain.authors[0], {"name": "Jürgen", "href": "http://example.org/j", "email": "j@example.org"})
equal([author.name for author in plain.authors], ["Jürgen", "花子"])
equal([contributor.name for contributor in plain.contributors], ["C"])
equal([(tag.term, tag.scheme, tag.label) for tag in plain.tags], [("grün", "http://example.org/c", "Grün"), ("b", None, None)])
equal(plain.rights, "© niemand")
equal(plain.thr_total, "7")
assert plain.id.startswith("urn:uuid:"), plain.id
assert plain.published_parsed and plain.updated_parsed, plain

xhtml = by_title["xhtml"]
equal(xhtml.content[0].type, "application/xhtml+xml")
equal(xhtml.content[0].value, 'Grüße, <em>日本</em> &amp; <a href="http://example.org/base/there">😀</a><br />')
equal(xhtml.content[0].base, "http://example.org/base/")
equal(xhtml.content[0].language, "de")

html = by_title["html"]
equal(html.content[0].type, "text/html")
equal(html.content[0].value, "<p>Gr&uuml;ße &amp; <b>fett</b></p>")

equal(base64.b64decode(by_title["binary"].content[0].value), b"\x00\xffAtom\r\n")
elsewhere = by_title["elsewhere"]
equal(elsewhere.content[0].src, "http://example.org/a.png")
equal(elsewhere.enclosures[0].href, "http://example.org/a.mp3?a=1&b=2")
equal(elsewhere.enclosures[0].length, "1234")

others = by_title["of others"]
equal(others.id, "tag:example.org,2026:others")
equal(others.published, "2001-02-03T04:05:06Z")
equal(others.source.title, "their feed")
equal(others.link, "http://example.org/others")

equal(poll(etag=first.etag).status, 304)

# A time that tells second from second comes only when its second is over.
for _ in range(100):
    timed = poll()
    if "modified" in timed:
        break
    time.sleep(0.1)
equal(timed.etag, first.etag)
equal(poll(modified=timed.modified).status, 304)
both = poll(etag=timed.etag, modified=timed.modified)
equal(both.status, 304)
equal(both.entries, [])
# Something new comes, as a delta (RFC 3229), which feedparser asks for, or in a feed that is whole.
new = '<entry xmlns="http://www.w3.org/2005/Atom"><title>neu</title></entry>'
headers = {"Content-Type": "application/atom+xml"}
urllib.request.urlopen(urllib.request.Request(url, new.encode(), headers)).close()
later = poll(etag=timed.etag, modified=timed.modified)
assert later.status in (200, 226), later.status
equal([entry.title for entry in later.entries], (["neu"] if later.status == 226 else [*by_title, "neu"]))
equal(poll(etag=later.etag).status, 304)
print("polled")
