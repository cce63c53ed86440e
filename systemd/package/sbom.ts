import type { Part } from './production.ts';

/** Of what a package is made, in CycloneDX 1.6 (cyclonedx.org). The same input gives the same bytes. */
export function bom(
  version: string,
  arch: string,
  parts: readonly Pick<Part, 'name' | 'version' | 'license' | 'integrity'>[],
  seconds: number,
): string {
  const own = component({ name: 'lastport', version, license: 'MIT' }, 'application');
  // npm's copy of one package in two places is one component.
  const components = new Map(
    parts.map((part) => {
      const one = component(part, 'library');
      const hashes = [{ alg: 'SHA-512', content: hexOf(part.integrity) }];
      return [one['bom-ref'], { ...one, hashes }] as const;
    }),
  );
  const document = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      timestamp: new Date(seconds * 1000).toISOString(),
      component: { ...own, properties: [{ name: 'lastport:architecture', value: arch }] },
    },
    components: [...components.values()],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function component({ name, version, license }: Pick<Part, 'name' | 'version' | 'license'>, type: string) {
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  return { type, 'bom-ref': purl, name, version, licenses: [{ license: { id: license } }], purl };
}

function hexOf(integrity: string): string {
  const base64 = /(?:^| )sha512-(\S+)/.exec(integrity)?.[1];
  if (base64 === undefined) throw new Error(`Not a SHA-512 of package-lock.json: ${integrity}`);
  return Buffer.from(base64, 'base64').toString('hex');
}
