/** The results as words: the tables beside the charts, and the README's sentence about when and where they were measured. */
import { figure, peerOf, type Report } from './chart.js';
import type { Result } from './row.js';

/** The tables. */
export function tables({ results }: Report): string {
  const ours = rowsTable(results.filter(({ name }) => peerOf(name) === undefined));
  const others = peersTable(results.filter(({ name }) => peerOf(name) !== undefined));
  return [ours, ...(others === '' ? [] : [others])].join('\n');
}

/** All rows but those of peers. */
function rowsTable(results: Result[]): string {
  const lines = results.map(({ name, against, unit, ours, bare, ratio, mark, floor, less, met, peakMiB }) => {
    const than = less ? '≤' : '≥';
    const marks = [
      ...(mark === undefined ? [] : [`${than} ${mark}`]),
      ...(floor === undefined ? [] : [`${than} ${floor.toLocaleString('en')}`]),
    ];
    const cells = [
      name,
      `${figure(ours.median)} ${unit}`,
      bare === undefined ? '' : `${figure(bare.median)} (${against})`,
      ratio === undefined ? '' : `${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})`,
      `${marks.join(', ')}${met === false ? ', missed' : ''}`,
      peakMiB === undefined ? '' : `${peakMiB} MiB`,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    '| work | ours | ceiling | ratio | mark | memory |',
    '| --- | --- | --- | --- | --- | --- |',
    ...lines,
    '',
  ].join('\n');
}

/** A line for each broker and way, a column for each work. */
function peersTable(results: Result[]): string {
  if (results.length === 0) return '';
  const all = results.map((result) => ({ ...result, ...peerOf(result.name)! }));
  const works = [...new Set(all.map(({ work }) => work))];
  const lines = [...new Set(all.map(({ who }) => who))].map((who) => {
    const rows = all.filter((row) => row.who === who);
    const cells = works.map((one) => {
      const row = rows.find(({ work }) => work === one);
      return row === undefined ? '' : figure(row.ours.median);
    });
    return `| ${[who, ...cells, rows[0]!.acknowledges].join(' | ')} |`;
  });
  return [
    `| messages/s, by the same client | ${works.join(' | ')} | a message that is acknowledged is |`,
    `| --- |${' --- |'.repeat(works.length + 1)}`,
    ...lines,
    '',
  ].join('\n');
}

/** The README's paragraph about the results before. */
const PARAGRAPH = /^Measured on .*?(?=\n\n)/ms;
const PEERS = '![Beside others](test/bench/peers.svg)';

/** The README with the date, the machine and the command of these results, and the chart of peers where they have been measured. */
export function inReadme(readme: string, { date, machine, command, results }: Report): string {
  if (!PARAGRAPH.test(readme)) throw new Error('the README has no paragraph that begins with "Measured on"');
  const { processor, cores, memoryGiB, node, fileSystem, fdatasyncs } = machine;
  const where = `${cores} cores of ${processor}, ${memoryGiB} GiB, Node ${node}, ${fileSystem}, ${figure(Number(fdatasyncs))} \`fdatasync\`s a second`;
  const said = `Measured on ${date.slice(0, 10)} (${where}) by \`${command}\`.`;
  const showsPeers = readme.includes(PEERS) || results.every(({ name }) => peerOf(name) === undefined);
  return readme.replace(PARAGRAPH, () => (showsPeers ? said : `${PEERS}\n\n${said}`));
}
