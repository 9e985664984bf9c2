import type { AuthProviderConfigs, AuthProviderType } from "../../../src/api/auth-provider.ts";
import type { MaterialReader } from "../../../src/keychain/ports.ts";
import type { Clock } from "../../../src/kernel/clock.ts";
import { alibabaConfig, alibabaRegistry, alibabaSites } from "../../support/cloud/alibaba.ts";
import { awsConfig, awsSites, ecrRegistryHost } from "../../support/cloud/aws.ts";
import { azureManagedIdentityConfig, azureSites, azureWorkloadIdentityConfig } from "../../support/cloud/azure.ts";
import { googleConfigs, googleSites } from "../../support/cloud/google.ts";
import type { Site } from "../../support/cloud/internet.ts";
import { tokenRegistry } from "../../support/cloud/token-registry.ts";
import { canary, dockerConfig, material, pullSecret } from "../support.ts";

/** A provider as the advisories meet it: a manifest, the registry that it has a credential for, and the hosts that it needs. */
export interface Subject<T extends AuthProviderType> {
  readonly config: AuthProviderConfigs[T];
  /** Host of its registry, without a port. */
  readonly host: string;
  /** How the registry asks for the credential. */
  readonly wants: "token" | "basic" | "nothing";
  /** A check of the host of its own, whatever the patterns say. */
  readonly isCloud: boolean;
  readonly sites: (clock: Clock) => Readonly<Record<string, Site>>;
  readonly material?: MaterialReader;
  /** Files below the file root. */
  readonly files?: Readonly<Record<string, string>>;
}

const plainHost = "registry.acme.io";
const plain = (): Readonly<Record<string, Site>> => ({
  [plainHost]: tokenRegistry({
    host: plainHost,
    realm: `https://${plainHost}/token`,
    service: plainHost,
    accepts: (user, password) => user === "me" && password === canary,
  }).registry,
});
const held = material([pullSecret("pull", { [plainHost]: "me" })], { puller: ["pull"] });
const azureHost = "acmeregistry.azurecr.io";
const azure = (clock: Clock): Readonly<Record<string, Site>> => azureSites({ clock, registries: [azureHost] }).sites;

/** Total over the union: a type that is added is attacked here, or the compiler says so. */
export const subjects: { readonly [T in AuthProviderType]: Subject<T> } = {
  anonymous: {
    config: {},
    host: plainHost,
    wants: "nothing",
    isCloud: false,
    sites: () => ({ [plainHost]: () => ({ status: 200, body: {} }) }),
  },
  kubernetesSecret: {
    config: { secretRef: { name: "pull" } },
    host: plainHost,
    wants: "token",
    isCloud: false,
    sites: plain,
    material: held,
  },
  serviceAccount: {
    config: { serviceAccountRef: { name: "puller" } },
    host: plainHost,
    wants: "token",
    isCloud: false,
    sites: plain,
    material: held,
  },
  dockerConfig: {
    config: { path: "config.json" },
    host: plainHost,
    wants: "token",
    isCloud: false,
    sites: plain,
    files: { "config.json": dockerConfig({ [plainHost]: "me" }) },
  },
  googleArtifactRegistry: {
    config: googleConfigs.federated,
    host: "europe-west1-docker.pkg.dev",
    wants: "token",
    isCloud: true,
    sites: (clock) => googleSites({ clock }),
  },
  alibabaAcr: { config: alibabaConfig, host: alibabaRegistry, wants: "token", isCloud: true, sites: (clock) => alibabaSites({ clock }) },
  azureWorkloadIdentity: { config: azureWorkloadIdentityConfig, host: azureHost, wants: "token", isCloud: true, sites: azure },
  azureManagedIdentity: { config: azureManagedIdentityConfig, host: azureHost, wants: "token", isCloud: true, sites: azure },
  awsEcr: { config: awsConfig(), host: ecrRegistryHost, wants: "basic", isCloud: true, sites: awsSites },
};

export const types = Object.keys(subjects) as readonly AuthProviderType[];
/** Those that put something on the wire. */
export const secretTypes = types.filter((type) => subjects[type].wants !== "nothing");
export const cloudTypes = types.filter((type) => subjects[type].isCloud);
