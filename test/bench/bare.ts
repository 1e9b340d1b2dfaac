/** The ceiling for any server on Node: reads the request and writes fixed bytes; `/SIZE` is how many, `/304` has none. */
import { createServer } from 'node:http';

const bodies = new Map<string, Buffer>();

function bodyOf(url: string): Buffer {
  let body = bodies.get(url);
  if (body === undefined) {
    body = Buffer.alloc(Number(url.slice(url.lastIndexOf('/') + 1)), 120);
    bodies.set(url, body);
  }
  return body;
}

createServer((request, response) => {
  const url = request.url ?? '/';
  if (request.method === 'POST') {
    request.on('data', () => {});
    request.on('end', () => {
      const body = bodyOf(url);
      response.writeHead(201, { 'content-type': 'application/atom+xml', 'content-length': body.length });
      response.end(body);
    });
  } else if (url === '/304') {
    response.writeHead(304, { etag: '"x"' });
    response.end();
  } else {
    const body = bodyOf(url);
    response.writeHead(200, { 'content-type': 'application/atom+xml', 'content-length': body.length });
    response.end(body);
  }
}).listen(Number(process.argv[2]), '127.0.0.1');
