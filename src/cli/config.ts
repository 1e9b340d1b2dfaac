/** `atommq config`: what is in force, and where it came from. */

import { maskDatabase } from '../config/database.js';
import { OPTIONS, type OptionKey } from '../config/options.js';
import type { Resolved } from '../config.js';

/** Prints each option with its value and source, secrets masked. */
export function showConfig({ settings, sources }: Resolved, json: boolean): number {
  const rows = (Object.keys(OPTIONS) as OptionKey[]).map((key) => {
    const option = OPTIONS[key];
    const value = shownValue(settings, key);
    return {
      option: option.name,
      value:
        'secret' in option && value !== undefined ? '***' : key === 'socketMode' ? octal(settings.socketMode) : value,
      source: sources[key],
    };
  });
  if (json) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  else {
    for (const { option, value, source } of rows) {
      const shown =
        value === undefined ? '-' : Array.isArray(value) ? value.map(asText).join(',') || '-' : String(value);
      process.stdout.write(`${option.padEnd(18)} ${shown.padEnd(32)} ${source}\n`);
    }
  }
  return 0;
}

function shownValue(settings: Resolved['settings'], key: OptionKey): unknown {
  if (key === 'database') return maskDatabase(settings.databaseName);
  if (key !== 'databaseRead') return settings[key];
  return settings.databaseReadName && maskDatabase(settings.databaseReadName);
}

function octal(mode: number | undefined): string | undefined {
  return mode === undefined ? undefined : `0${mode.toString(8)}`;
}

function asText(item: unknown): string {
  return typeof item === 'string' ? item : JSON.stringify(item);
}
