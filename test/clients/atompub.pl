#!/usr/bin/perl
# Atompub::Client does all that RFC 5023 knows: discovers, creates, reads, updates, lists, deletes, and the same with media.
# Usage: atompub.pl BASE FEED
use strict;
use warnings;
use utf8;
use Test::More;
use Atompub::Client;
use XML::Atom::Client;
use XML::Atom::Entry;

$XML::Atom::DefaultVersion = '1.0';
$XML::Atom::ForceUnicode   = 1;
binmode $_, ':utf8' for Test::More->builder->output, Test::More->builder->failure_output;

my ($base, $feed) = @ARGV;
my $collection = "$base/feed=$feed";
my $client     = Atompub::Client->new;
my $xhtml      = 'Grüße, <em class="a">日本</em> &amp; 😀<br/>';

# The client warns of what it does not like in answers and goes on.
my @warnings;
$SIG{__WARN__} = sub { push @warnings, @_ };

sub entry {
    my ($title, $content) = @_;
    my $entry = XML::Atom::Entry->new;
    $entry->title($title);
    $entry->content($content);
    my $category = XML::Atom::Category->new;
    $category->term('grün');
    $category->scheme('http://example.org/colours');
    $entry->category($category);
    return $entry;
}

sub code { return $client->res ? $client->res->code : 0 }

# A publish makes the feed; from then on the service document has it.
ok $client->createEntry($collection, entry('first', 'plain')), 'a publish makes the collection' or diag $client->errstr;

subtest discovery => sub {
    my $service = $client->getService("$base/") or return fail $client->errstr;
    my ($found) = grep { $_->href eq $collection } map { $_->collections } $service->workspaces;
    ok $found, 'the service document has the collection' or return;
    is $found->title, $feed, 'by its title';
    my @accepts = $found->accepts;
    ok scalar(grep { m{^application/atom\+xml;\s*type=entry$} } @accepts), "it accepts entries: @accepts";
    ok scalar(grep { $_ eq '*/*' } @accepts), "and media: @accepts";
    my ($categories) = $found->categories;
    ok $categories, 'it names its categories' or return;
    my $document = $categories->href ? $client->getCategories($categories->href) : $categories;
    ok $document, 'which can be had' or return diag $client->errstr;
    ok scalar(grep { $_->term eq 'grün' && $_->scheme eq 'http://example.org/colours' } $document->category),
        'and are those in use';
};

my ($uri, $id);
subtest creating => sub {
    $uri = $client->createEntry($collection, entry('Tür & <Tor>', $xhtml), 'Tür') or return fail $client->errstr;
    is code, 201, 'status 201';
    is $client->res->content_location, $uri, 'Content-Location is Location';
    my $stored = $client->rc;
    is $stored->title, 'Tür & <Tor>', 'the title';
    is $stored->content->body, $xhtml, 'the content, with its markup';
    is $stored->edit_link, $uri, 'its edit link';
    like $id = $stored->id, qr/^urn:uuid:/, 'its id';
    like $stored->edited, qr/^\d{4}-.*Z$/, 'its app:edited';
};

subtest reading => sub {
    my $read = $client->getEntry($uri) or return fail $client->errstr;
    is code, 304, 'what the client has is still good';
    is $read->id, $id, 'the same entry';
};

subtest updating => sub {
    my $tag = $client->cache->get($uri)->etag;
    ok $client->updateEntry($uri, entry('Türe', $xhtml)), 'is updated' or return diag $client->errstr;
    is code, 200, 'status 200';
    is $client->req->header('If-Match'), $tag, 'on condition of the tag';
    isnt $client->res->etag, $tag, 'with a new one';
    is $client->rc->title, 'Türe', 'the new title';
    is $client->rc->id, $id, 'and the old id';

    my $other = XML::Atom::Client->new;
    ok $other->updateEntry($uri, entry('von anderen', $xhtml)), 'another client is faster' or return diag $other->errstr;
    ok !$client->updateEntry($uri, entry('zu spät', $xhtml)), 'a stale update is refused';
    is code, 412, 'status 412';
    my $now = $client->getEntry($uri) or return fail $client->errstr;
    is code, 200, 'what the client has is no longer good';
    is $now->title, 'von anderen', 'the other one’s is there';
    ok $client->updateEntry($uri, entry('noch einmal', $xhtml)), 'then it goes' or diag $client->errstr;
};

subtest listing => sub {
    my $list = $client->getFeed($collection) or return fail $client->errstr;
    is_deeply [ map { $_->title } $list->entries ], [ 'first', 'noch einmal' ], 'the entries, the oldest first';
    my ($found) = grep { $_->id eq $id } $list->entries;
    is $found->content->body, $xhtml, 'with their content';
    is $found->edit_link, $uri, 'and their addresses';
};

my $bytes   = join '', map { chr } 0 .. 255, 10, 13, 10, 26, 0;
my $revised = "\xff\xfe" . $bytes x 100;

sub media {
    my $location = $client->createMedia($collection, \$bytes, 'image/png', 'Grüße aus Köln.png')
        or do { fail $client->errstr; return };
    my $entry = $client->rc;
    is code, 201, 'status 201';
    is $entry->title, 'Grüße aus Köln.png', 'the title is the Slug';
    is $entry->edit_link, $location, 'the entry’s own address is Location';
    ok $entry->edit_media_link, 'the media’s is in the entry' or return;
    is $entry->content->type, 'image/png', 'with its type';
    ok $entry->content->src, 'and where to get it';
    return ($location, $entry->edit_media_link, $entry->content->src);
}

subtest 'media' => sub {
    my ($location, $edit, $src) = media or return;
    for my $address ($edit, $src) {
        my ($got, $type) = $client->getMedia($address);
        ok defined $got, 'the media is there' or return diag $client->errstr;
        # The second time, where both are the same, what the client has is still good.
        is $type, 'image/png', 'as what it was sent' if code == 200;
        ok $got eq $bytes, 'byte for byte';
    }
    my $before = $client->getEntry($location)->edited;
    ok $client->updateMedia($edit, \'twice', 'text/plain'), 'is updated' or return diag $client->errstr;
    ok defined $client->req->header('If-Match'), 'on condition of its tag';
    # The client goes on with the tag that it was given, where there was one.
    ok $client->updateMedia($edit, \$revised, 'application/octet-stream'), 'and once more' or return diag $client->errstr;
    my ($got, $type) = $client->getMedia($edit);
    ok defined $got, 'and is there' or diag $client->errstr;
    ok(($got || '') eq $revised, 'byte for byte');
    is $type, 'application/octet-stream', 'as what it is now' if code == 200;
    my $after = $client->getEntry($location) or return fail $client->errstr;
    is $after->content->type, 'application/octet-stream', 'its entry says so';
    cmp_ok $after->edited, 'gt', $before, 'and that it was edited';
    my $list = $client->getFeed($collection) or return fail $client->errstr;
    is scalar(grep { ($_->edit_media_link || '') eq $edit } $list->entries), 1, 'and stands in the feed';
    ok $client->deleteMedia($edit), 'the media is deleted' or diag $client->errstr;
    ok !$client->getMedia($edit), 'and is gone';
    like code, qr/^(404|410)$/, 'as the status says';
};

subtest 'media by its entry' => sub {
    my ($location, $edit) = media or return;
    ok $client->deleteEntry($location), 'the entry is deleted' or diag $client->errstr;
    ok !$client->getMedia($edit), 'and with it the media';
    like code, qr/^(404|410)$/, 'as the status says';
};

subtest deleting => sub {
    ok $client->deleteEntry($uri), 'is deleted' or return diag $client->errstr;
    ok !$client->getEntry($uri), 'and is gone';
    is code, 410, 'status 410';
    my $list = $client->getFeed($collection) or return fail $client->errstr;
    ok !(grep { $_->id eq $id } $list->entries), 'from the feed, too';
};

is_deeply \@warnings, [], 'the client had nothing to warn of';
done_testing;
