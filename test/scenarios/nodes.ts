import { spawnSync } from 'node:child_process';

export interface TestNode {
  readonly path: string;
  /** "20.19.0" */
  readonly version: string;
  readonly major: number;
  /** Of the undici that it brings along: "6.21.1" */
  readonly undici: string;
}

/** The Node that runs this, and those of LASTPORT_TEST_NODES: paths of binaries with ":" between them. */
export function testNodes(): TestNode[] {
  const others = (process.env['LASTPORT_TEST_NODES'] ?? '').split(':').filter((path) => path !== '');
  return [process.execPath, ...others].map(nodeAt);
}

function nodeAt(path: string): TestNode {
  const { stdout, error } = spawnSync(path, ['-p', 'JSON.stringify(process.versions)'], { encoding: 'utf8' });
  if (error !== undefined) throw new Error(`LASTPORT_TEST_NODES: ${path} does not run: ${error.message}`);
  const { node, undici } = JSON.parse(stdout) as { node: string; undici: string };
  return { path, version: node, major: Number.parseInt(node, 10), undici };
}
