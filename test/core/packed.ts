/** The package as `npm pack` makes it from what is built, and an empty folder that it is installed in, without a network. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PATH, root } from '../doors/children.js';

export interface Packed {
  /** The tarball. */
  path: string;
  /** Its files, by their paths in the package. */
  files: string[];
}

/** Packs into a folder. Scripts do not run: they would build anew what is being tested. */
export function pack(folder: string): Packed {
  const environment = { PATH, HOME: folder, npm_config_update_notifier: 'false' };
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], {
    cwd: root,
    env: environment,
  });
  const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, string>;
  const path = join(folder, `${name}-${version}.tgz`);
  const list = execFileSync('tar', ['-tzf', path], { encoding: 'utf8' });
  return {
    path,
    files: list
      .trim()
      .split('\n')
      .map((line) => line.replace(/^package\//, '')),
  };
}

/**
 * Installs it below a folder as `npm install` would: its own files, its programs, and its dependencies, which are those that stand in
 * the lock file beside us. What it lacks there, such as packages for development, it lacks here.
 */
export function install({ path }: Packed, folder: string, { dependencies = true } = {}): void {
  const modules = join(folder, 'node_modules');
  const own = join(modules, 'atommq');
  mkdirSync(own, { recursive: true });
  execFileSync('tar', ['-xzf', path, '--strip-components=1', '-C', own]);
  const { bin } = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8')) as { bin: Record<string, string> };
  mkdirSync(join(modules, '.bin'));
  for (const [name, program] of Object.entries(bin)) {
    symlinkSync(join('../atommq', program), join(modules, '.bin', name));
  }
  if (!dependencies) return;
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dependencies?: Record<string, string> }>;
  };
  for (const name of Object.keys(lock.packages['']?.dependencies ?? {})) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
}
