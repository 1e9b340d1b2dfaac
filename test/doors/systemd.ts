/** systemd itself, as the first process of namespaces of its own, where AtomMQ is installed as deploy/README.md says. */
import { spawnSync } from 'node:child_process';
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { install, pack } from '../core/packed.js';
import { openFolder, PATH, root } from './children.js';

const UNSHARE = ['--mount', '--pid', '--fork', '--kill-child', '--cgroup', '--mount-proc', '--uts', '--ipc', '--net'];

/** What it takes is to be root, and a kernel that lets namespaces have control groups and layers of their own. */
const PROBE = `mount --make-rprivate / && mount -t cgroup2 none /sys/fs/cgroup && mount -t tmpfs none /run && mkdir /run/up /run/work &&
mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/up,workdir=/run/work /etc`;

/** Why it cannot be had, as the `skip` of a test. */
export function withoutNamespaces(): string | false {
  const { status } = spawnSync('unshare', [...UNSHARE, 'sh', '-c', PROBE], { stdio: 'ignore', env: { PATH } });
  return status === 0 ? false : 'namespaces with control groups are for root, where the kernel has them';
}

/**
 * What the machine's folders become: layers, so that nothing on the machine is changed. The arguments: a folder for what comes in and
 * out, this Node, and where the dependencies are.
 */
const BOOT = `set -eu
mount --make-rprivate /
mount -t cgroup2 none /sys/fs/cgroup
mount -t tmpfs none /run
mkdir /run/test /run/layers /run/node_modules
mount --bind "$1" /run/test
touch /run/node
mount --bind "$2" /run/node
mount --bind "$3" /run/node_modules
for folder in etc opt usr/local var; do
  mkdir -p "/run/layers/$folder/up" "/run/layers/$folder/work"
  mount -t overlay overlay -o "lowerdir=/$folder,upperdir=/run/layers/$folder/up,workdir=/run/layers/$folder/work" "/$folder"
done
mount -t tmpfs none /tmp
rm -rf /opt/atommq /etc/atommq /var/lib/atommq /var/lib/private/atommq
ln -sf /run/node /usr/local/bin/node
cp -a /run/test/opt/atommq /opt/atommq
ln -s /run/node_modules /opt/node_modules
cp /run/test/script.service /etc/systemd/system/
export container=unshare
exec /lib/systemd/systemd --unit=script.service --log-target=null --show-status=no
`;

/** Its first and only unit: runs the script, keeps what it says, and ends everything. */
const UNIT = `[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'cd /tmp; sh -eu /run/test/script >/run/test/out 2>/run/test/errors; echo $? >/run/test/code'
ExecStopPost=/bin/systemctl --force --force exit
`;

/**
 * Runs a script of /bin/sh where systemd does, and the package is in /opt/atommq/node_modules/atommq.
 * @returns what it wrote to standard output
 * @throws Error with all that it said when a command of it fails
 */
export function underSystemd(script: string): string {
  const folder = openFolder();
  install(pack(folder), join(folder, 'opt/atommq'), { dependencies: false });
  writeFileSync(join(folder, 'script'), script);
  writeFileSync(join(folder, 'script.service'), UNIT);
  const modules = realpathSync(join(root, 'node_modules'));
  const { stderr } = spawnSync(
    'unshare',
    [...UNSHARE, 'sh', '-c', BOOT, 'boot', folder, realpathSync(process.execPath), modules],
    { encoding: 'utf8', env: { PATH }, timeout: 180_000, killSignal: 'SIGKILL' },
  );
  const said = (name: string) => {
    try {
      return readFileSync(join(folder, name), 'utf8');
    } catch {
      return '';
    }
  };
  if (said('code').trim() !== '0') {
    throw new Error(`The script ended with ${said('code') || 'nothing'}\n${stderr}\n${said('errors')}\n${said('out')}`);
  }
  return said('out');
}
