/** Every cloud whose credentials an SDK or protocol of its own fetches: one AuthProvider each, as a manifest has it, and the hosts that it needs. */
import type { Clock } from "../../../src/kernel/clock.ts";
import { systemClock } from "../../../src/kernel/clock.ts";
import { awsConfig, awsSites, ecrRegistryHost } from "./aws.ts";
import { azureClient, azureSites, azureTenant } from "./azure.ts";
import { fakeJWT } from "./deps.ts";
import { googleAudience, googlePool, googleSites } from "./google.ts";
import type { Internet, Site } from "./internet.ts";
import type { CloudSetting } from "./replica.ts";

export const clouds = {
  Azure: {
    host: "acme00.azurecr.io",
    spec: {
      registries: ["*.azurecr.io"],
      type: "azureWorkloadIdentity",
      azureWorkloadIdentity: { clientID: azureClient, tenantID: azureTenant, serviceAccountRef: { name: "puller" } },
    },
  },
  AWS: {
    host: ecrRegistryHost,
    spec: {
      registries: ["*.dkr.ecr.*.amazonaws.com"],
      type: "awsEcr",
      awsEcr: { roleARN: awsConfig().roleARN, serviceAccountRef: { name: "puller" } },
    },
  },
  "AWS, public": {
    host: "public.ecr.aws",
    spec: {
      registries: ["public.ecr.aws"],
      type: "awsEcr",
      awsEcr: { roleARN: awsConfig().roleARN, serviceAccountRef: { name: "puller" } },
    },
  },
  Google: {
    host: "europe-docker.pkg.dev",
    spec: { registries: ["*.pkg.dev"], type: "googleArtifactRegistry", googleArtifactRegistry: { workloadIdentityFederation: googlePool } },
  },
} as const;
export type CloudName = keyof typeof clouds;
export const cloudNames = Object.keys(clouds) as readonly CloudName[];

/** Identity services of all clouds; and Azure's registries, of which each exchanges tokens. */
export function cloudSites(clock: Clock, hosts: readonly string[]): Readonly<Record<string, Site>> {
  const azure = hosts.filter((host) => host.endsWith(".azurecr.io"));
  return { ...awsSites(clock), ...googleSites({ clock }), ...azureSites({ clock, registries: azure }).sites };
}

/** What a {@link CloudSetting} of these clouds is, for a replica in a process of its own. */
export function settingOf(
  internet: Internet,
  { names, many }: { readonly names: readonly CloudName[]; readonly many: readonly string[] },
): CloudSetting {
  const token = (audience: string): readonly [string, string] => {
    const sub = `system:serviceaccount:countersign:${audience === googleAudience ? "reader" : "puller"}`;
    return [audience, fakeJWT({ sub, aud: [audience] }, systemClock)];
  };
  return {
    caPem: internet.network.caPem ?? "",
    ports: internet.ports,
    providers: Object.fromEntries(names.map((name) => [name.toLowerCase().replaceAll(/[^a-z]+/g, "-"), clouds[name].spec])),
    first: names.map((name) => `${clouds[name].host}/acme/app:1`),
    many,
    token: Object.fromEntries(["api://AzureADTokenExchange", "sts.amazonaws.com", googleAudience].map(token)),
  };
}
