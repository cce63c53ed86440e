import type { NatQuota } from '../model/nat-quota.ts';

/** A number that a vendor gives, and where. `source` null: could not be verified, `meaning` tells what it rests on. */
export interface Fact {
  readonly value: number;
  readonly meaning: string;
  readonly source: { readonly title: string; readonly url: string } | null;
}

/** What a vendor's NAT lends, as its pages have it (see docs/nat.md). Each can be given otherwise: they change. */
export interface NatPreset {
  /** Of one address of the NAT. */
  readonly ports: Fact;
  readonly per: NatQuota['per'];
  /** Why per destination, or not. */
  readonly reuse: Pick<Fact, 'meaning' | 'source'>;
  readonly heldSeconds: Fact;
}

const AWS = {
  title: 'NAT gateway basics (Amazon VPC User Guide)',
  url: 'https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html',
};
const AZURE_LB = {
  title: 'Source Network Address Translation (SNAT) for outbound connections (Azure Load Balancer)',
  url: 'https://learn.microsoft.com/en-us/azure/load-balancer/load-balancer-outbound-connections',
};
const AZURE_NAT = {
  title: 'Azure NAT Gateway resource',
  url: 'https://learn.microsoft.com/en-us/azure/nat-gateway/nat-gateway-resource',
};
const GOOGLE_API = {
  title: 'Cloud NAT in the Compute Engine API and its Terraform resource (google_compute_router_nat)',
  url: 'https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/compute_router_nat',
};

const GOOGLE_TIMEOUTS = {
  title: 'Cloud NAT: NAT timeouts, and the announcement of 2026-03-31 (read in copies of its release notes)',
  url: 'https://cloud.google.com/nat/docs/tune-nat-configuration#nat-timeouts',
};

export const NAT_PRESETS = {
  'aws-nat-gateway': {
    ports: {
      value: 55_000,
      meaning: 'simultaneous connections to each unique destination, for each IPv4 address of the gateway (up to 8)',
      source: AWS,
    },
    per: 'destination',
    reuse: { meaning: 'a unique destination is an address, a port and a protocol', source: AWS },
    heldSeconds: {
      value: 60,
      meaning:
        'could not be verified: no page tells how long a closed port is held. Earlier editions of the same guide count about 900 new connections a second as 55,000, which is what a minute comes to. 350 s of silence end an open one',
      source: null,
    },
  },
  'azure-load-balancer': {
    ports: {
      value: 1024,
      meaning:
        'SNAT ports of one machine where no outbound rule gives it others, in a backend pool of up to 50; 512 up to 100, 256 up to 200, 128 up to 400, 64 up to 800, 32 up to 1,000. With outbound rules: 64,000 for each frontend address, divided by the machines',
      source: AZURE_LB,
    },
    per: 'destination',
    reuse: { meaning: 'a port is used again if the destination address or port is another', source: AZURE_LB },
    heldSeconds: {
      value: 240,
      meaning:
        'after a FIN; 15 s after a reset. Could not be verified in the present edition: earlier ones of the same page have it under TCP SNAT port release, and the present one has no number',
      source: null,
    },
  },
  'azure-nat-gateway': {
    ports: {
      value: 50_000,
      meaning:
        'concurrent connections to the same destination for each public address (up to 16). An address has 64,512 ports, lent on demand to any machine of the subnet',
      source: AZURE_NAT,
    },
    per: 'destination',
    reuse: { meaning: 'the same port serves different destinations at the same time', source: AZURE_NAT },
    heldSeconds: { value: 65, meaning: 'port reuse timer after a FIN; 16 s after a reset', source: AZURE_NAT },
  },
  'google-cloud-nat': {
    ports: {
      value: 64,
      meaning:
        'ports of one machine, unless more are configured (minimum ports per VM). With dynamic allocation 32, which grow up to the configured maximum of at most 65,536: give that maximum',
      source: GOOGLE_API,
    },
    per: 'destination',
    reuse: {
      meaning:
        'could not be verified on a page of the vendor: its users count the ports for each destination address and port. With endpoint-independent mapping it is per=machine',
      source: null,
    },
    heldSeconds: {
      value: 120,
      meaning:
        'TCP TIME_WAIT timeout of gateways made before the summer of 2026; by an announcement of 2026-03-31 new ones have 30 s, all of them from 2026-09-30 on',
      source: GOOGLE_TIMEOUTS,
    },
  },
} as const satisfies Record<string, NatPreset>;

export type NatPresetName = keyof typeof NAT_PRESETS;
export const NAT_PRESET_NAMES = Object.keys(NAT_PRESETS) as readonly NatPresetName[];
