/** The ceiling of batches, as a program: `raw.js FILE TEXT ROWS SECONDS` inserts so many rows a transaction, and prints rows a second. */
import sqlite3 from 'sqlite3';

const [file = '', text = '', rows = '1000', seconds = '1'] = process.argv.slice(2);
const database = new sqlite3.Database(file);
const run = (sql: string) =>
  new Promise<void>((resolve, reject) => database.exec(sql, (error) => (error ? reject(error) : resolve())));

await run('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
await run('CREATE TABLE IF NOT EXISTS t (position INTEGER PRIMARY KEY, xml TEXT NOT NULL)');
const statement = database.prepare(`INSERT INTO t (xml) VALUES ${Array(Number(rows)).fill('(?)').join(',')}`);
const values = Array<string>(Number(rows)).fill(text);
let count = 0;
const begin = performance.now();
for (const end = begin + Number(seconds) * 1000; performance.now() < end; count += Number(rows)) {
  await run('BEGIN');
  await new Promise<void>((resolve, reject) =>
    statement.run(values, (error: Error | null) => (error ? reject(error) : resolve())),
  );
  await run('COMMIT');
}
process.stdout.write(`${(count * 1000) / (performance.now() - begin)}\n`);
statement.finalize();
database.close();
