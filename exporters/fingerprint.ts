import type { AlertLabels } from '../agent/model/alert.ts';

const FNV_OFFSET = 14695981039346656037n;
const FNV_PRIME = 1099511628211n;
const SEPARATOR = 255;

/**
 * By which Prometheus and Alertmanager know a set of labels: FNV-1a, 64 bits, as 16 hex digits (LabelSet.Fingerprint in
 * prometheus/common model/labelset.go). A label that is empty is none.
 */
export function fingerprint(labels: AlertLabels): string {
  let sum = FNV_OFFSET;
  const add = (byte: number) => {
    sum = BigInt.asUintN(64, (sum ^ BigInt(byte)) * FNV_PRIME);
  };
  const encoder = new TextEncoder();
  for (const name of Object.keys(labels).sort()) {
    const value = labels[name] ?? '';
    if (value === '') continue;
    for (const byte of encoder.encode(name)) add(byte);
    add(SEPARATOR);
    for (const byte of encoder.encode(value)) add(byte);
    add(SEPARATOR);
  }
  return sum.toString(16).padStart(16, '0');
}
