/** What is installed with us: pinned, with its scripts approved by name, and listed; and what SECURITY.md speaks of is there. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { OPTIONS } from '../../src/config/options.js';
import { root } from '../doors/children.js';

interface Package {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  allowScripts: Record<string, boolean>;
  scripts: Record<string, string>;
}
interface Locked {
  version?: string;
  integrity?: string;
  link?: boolean;
  hasInstallScript?: boolean;
}

const json = <T>(file: string) => JSON.parse(readFileSync(join(root, file), 'utf8')) as T;
const own = json<Package>('package.json');
const locked = Object.entries(json<{ packages: Record<string, Locked> }>('package-lock.json').packages);
const packages = locked.filter(([path]) => path !== '');

test('direct dependencies have exact versions, and every package has a hash', () => {
  for (const [name, version] of Object.entries({ ...own.dependencies, ...own.devDependencies })) {
    assert.match(version, /^\d+\.\d+\.\d+(-[\w.]+)?$/, name);
    assert.equal(packages.find(([path]) => path === `node_modules/${name}`)?.[1].version, version, name);
  }
  for (const [path, { integrity }] of packages) assert.match(integrity ?? '', /^sha512-/, path);
});

test('scripts run for those packages that have some, and are approved by name', () => {
  const withScripts = packages.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path);
  const names = withScripts.map((path) => path.slice(path.lastIndexOf('node_modules/') + 13));
  const approved = Object.keys(own.allowScripts).filter((name) => own.allowScripts[name] === true);
  assert.deepEqual([...new Set(names)].sort(), approved.sort());
  // The lock file may not know of a binding that npm would compile by itself.
  for (const [path] of packages) {
    const compiled = existsSync(join(root, path, 'binding.gyp'));
    if (compiled) assert.ok(withScripts.includes(path), path);
  }
});

test('the bill of materials is CycloneDX, and has what we depend on, in its version', () => {
  // npm stands beside the node that runs this; it reads the lock file and asks nobody.
  const environment = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
  const [command = '', target] = own.scripts.sbom!.split(' > ');
  assert.equal(target, 'dist/sbom.json');
  const text = execFileSync('/bin/sh', ['-c', command], { cwd: root, env: environment, encoding: 'utf8' });
  const bom = JSON.parse(text) as {
    bomFormat: string;
    specVersion: string;
    metadata: { component: { 'bom-ref': string } };
    components: {
      name: string;
      version: string;
      group?: string;
      purl: string;
      properties: { name: string; value: string }[];
    }[];
    dependencies: { ref: string; dependsOn: string[] }[];
  };
  assert.equal(bom.bomFormat, 'CycloneDX');
  assert.match(bom.specVersion, /^1\.[5-9]$/);
  const listed = bom.components.map(({ name, version }) => `${name}@${version}`);
  for (const [name, version] of Object.entries(own.dependencies))
    assert.ok(listed.includes(`${name}@${version}`), name);
  const forTests = (name: string) =>
    bom.components
      .find((one) => one.name === name)
      ?.properties.some((property) => property.name === 'cdx:npm:package:development' && property.value === 'true');
  assert.equal(forTests('typescript'), true);
  for (const name of ['knex', 'pino', 'sqlite3']) assert.equal(forTests(name), false, name);
  const ours = bom.dependencies.find(({ ref }) => ref === bom.metadata.component['bom-ref']);
  assert.ok(ours !== undefined && ours.dependsOn.length >= Object.keys(own.dependencies).length);
  for (const { purl } of bom.components) assert.match(purl, /^pkg:npm\//);
});

/** Options that SECURITY.md speaks of, and that come with authentication, rules and limits. */
const TO_COME = [
  'access',
  'allow-anonymous',
  'htpasswd-file',
  'tokens',
  'jwt-jwks',
  'jwt-issuer',
  'jwt-audience',
  'login-failures',
  'max-batch-entries',
  'max-xml-depth',
  'max-xml-attributes',
  'max-header-bytes',
  'max-query-bytes',
  'max-requests',
  'max-connections',
  'max-body-memory',
  'max-answer-memory',
  'max-queue-bytes',
  'header-timeout',
  'body-timeout',
  'body-rate',
  'rate',
  'publish-rate',
  'cors-origins',
  'allowed-hosts',
];
/** What it has in code and is no option. */
const OTHERS = ['nosniff', 'private', 'admin', 'author', 'umask'];

test('every option that SECURITY.md names is there', () => {
  const text = readFileSync(join(root, 'SECURITY.md'), 'utf8');
  const names = [...text.matchAll(/`([a-z][a-z0-9]*(?:-[a-z0-9]+)*)`/g)].map(([, name]) => name!);
  const known: string[] = [...Object.values(OPTIONS).map(({ name }) => name), ...OTHERS, ...TO_COME, 'better-sqlite3'];
  assert.ok(names.length > 40);
  assert.deepEqual(
    names.filter((name) => !known.includes(name)),
    [],
  );
});

test('every file that SECURITY.md names is there', () => {
  const text = readFileSync(join(root, 'SECURITY.md'), 'utf8');
  for (const [, file] of text.matchAll(/`((?:deploy|bin)\/[\w./-]+|package[\w-]*\.json)`/g)) {
    assert.ok(existsSync(join(root, file!)), file);
  }
});
