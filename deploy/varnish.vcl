# Varnish 7: in front of `atommq serve --base-url https://example.org/atommq`. Replays of append_only feeds are served from here:
# each of their full pages is fetched once. Everything else is asked for again each time, which costs a 304.
vcl 4.1;

backend atommq {
  .host = "127.0.0.1";
  .port = "8080";
}

sub vcl_recv {
  # A delta (RFC 3229) is of what its reader has; for Varnish, which asks by its own tag, it would be another's.
  unset req.http.A-IM;
}

sub vcl_backend_response {
  # By itself Varnish would not keep what says no-cache. Kept, but never good for use, it can be revalidated by its tag;
  # a copy whose time is no time at all would not be looked at again.
  if (beresp.status == 200 && beresp.http.ETag && beresp.http.Cache-Control ~ "no-cache") {
    set beresp.ttl = 0.001ms;
    set beresp.grace = 0s;
    set beresp.keep = 1h;
    return (deliver);
  }
}
