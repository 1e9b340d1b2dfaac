#!/usr/bin/perl
# XML::Atom::Client, which knows no ETags: creates, reads, updates, lists, deletes.
# Usage: xml-atom.pl BASE FEED
use strict;
use warnings;
use utf8;
use Test::More;
use XML::Atom::Client;
use XML::Atom::Entry;

$XML::Atom::DefaultVersion = '1.0';
$XML::Atom::ForceUnicode   = 1;
binmode $_, ':utf8' for Test::More->builder->output, Test::More->builder->failure_output;

my ($base, $feed) = @ARGV;
my $collection = "$base/feed=$feed";
my $client     = XML::Atom::Client->new;
my $xhtml      = 'Grüße, <em>日本</em> &amp; 😀<br/>';
my $thr        = XML::Atom::Namespace->new(thr => 'http://purl.org/syndication/thread/1.0');

sub entry {
    my ($title) = @_;
    my $entry = XML::Atom::Entry->new;
    $entry->title($title);
    $entry->content($xhtml);
    $entry->summary('kurz & <gut>');
    $entry->set($thr, 'total', 7);
    for my $name ('Jürgen', '花子') {
        my $author = XML::Atom::Person->new;
        $author->name($name);
        $author->email('a@example.org');
        $entry->add_author($author);
    }
    return $entry;
}

my $uri = $client->createEntry($collection, entry('Tür & <Tor>'));
like $uri, qr{^\Q$collection\E/entries/}, 'is created' or diag $client->errstr;

my $read = $client->getEntry($uri) or BAIL_OUT $client->errstr;
is $read->title, 'Tür & <Tor>', 'the title';
is $read->content->body, $xhtml, 'the content, with its markup';
is $read->summary, 'kurz & <gut>', 'the summary';
is $read->get($thr, 'total'), '7', 'an extension';
is_deeply [ map { $_->name } $read->authors ], [ 'Jürgen', '花子' ], 'the authors';
like $read->id, qr/^urn:uuid:/, 'an id';

# What was read can be changed and sent back as it is, links and all.
$read->title('Türe');
ok $client->updateEntry($uri, $read), 'is updated' or diag $client->errstr;
is $client->getEntry($uri)->title, 'Türe', 'the new title';
is $client->getEntry($uri)->content->body, $xhtml, 'the old content';
is scalar(grep { $_->rel eq 'edit' } $client->getEntry($uri)->link), 1, 'one edit link';

$client->createEntry($collection, entry('zwei')) or diag $client->errstr;
my $list = $client->getFeed($collection) or BAIL_OUT $client->errstr;
is_deeply [ map { $_->title } $list->entries ], [ 'Türe', 'zwei' ], 'are listed, the oldest first';
is(($list->entries)[0]->content->body, $xhtml, 'with their content');

ok $client->deleteEntry($uri), 'is deleted' or diag $client->errstr;
ok !$client->getEntry($uri), 'and is gone';
is_deeply [ map { $_->title } $client->getFeed($collection)->entries ], ['zwei'], 'from the feed, too';
done_testing;
