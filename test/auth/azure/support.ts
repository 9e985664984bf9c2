import assert from "node:assert/strict";
import { inspect } from "node:util";
import { azureManagedIdentityAuth } from "../../../src/auth/azure/managed-identity.ts";
import { azureWorkloadIdentityAuth } from "../../../src/auth/azure/workload-identity.ts";
import { type AuthProvider, CredentialUnavailableError } from "../../../src/keychain/ports.ts";
import { ManualClock } from "../../support/clock.ts";
import {
  type AzureFake,
  azureManagedIdentityConfig,
  azureSites,
  azureTenant,
  azureWorkloadIdentityConfig,
} from "../../support/cloud/azure.ts";
import { type CloudScene, cloudScene, repositoryOf } from "../../support/cloud/deps.ts";
import { type Internet, type Site, startInternet } from "../../support/cloud/internet.ts";

export const acme = "acmeregistry.azurecr.io";
export const other = "otherregistry.azurecr.io";
export const never = new AbortController().signal;

const { clientID: _, ...common } = azureManagedIdentityConfig;
export const resourceID = `/subscriptions/${azureTenant}/resourceGroups/acme/providers/Microsoft.ManagedIdentity/userAssignedIdentities/puller`;
const managedConfigs = { client: azureManagedIdentityConfig, resource: { ...common, resourceID }, system: common };

export interface AzureScene extends AsyncDisposable {
  readonly internet: Internet;
  readonly fake: AzureFake;
  readonly scene: CloudScene;
  readonly clock: ManualClock;
  readonly provider: AuthProvider;
  /** Reason and message of why there is no credential for an image, or `scheme` of the one that there is; and nowhere a secret. */
  outcome(image?: string): Promise<readonly string[]>;
}

export interface AzureSceneOptions {
  readonly sites?: Readonly<Record<string, Site>>;
  readonly scene?: Omit<NonNullable<Parameters<typeof cloudScene>[1]>, "registries" | "clock">;
  /** `pod`: without a ServiceAccount of its own. */
  readonly workload?: Partial<typeof azureWorkloadIdentityConfig> | "pod";
  /** In the place of a workload identity: an identity of the node by its client id, by its resource id, or the node's own. */
  readonly managed?: "client" | "resource" | "system";
  readonly registries?: readonly string[];
}

export async function azureScene(options: AzureSceneOptions = {}): Promise<AzureScene> {
  const clock = new ManualClock();
  const { serviceAccountRef, ...ofPod } = azureWorkloadIdentityConfig;
  const workload =
    options.workload === "pod" ? ofPod : { ...ofPod, ...(serviceAccountRef !== undefined && { serviceAccountRef }), ...options.workload };
  const registries = options.registries ?? [acme, other];
  const fake = azureSites({ clock, registries, cloud: workload.cloud });
  const internet = await startInternet({ ...fake.sites, ...options.sites });
  const scene = cloudScene(internet, { ...options.scene, registries: ["*.azurecr.io", ...registries], clock });
  const provider =
    options.managed === undefined
      ? azureWorkloadIdentityAuth(workload, scene.deps)
      : azureManagedIdentityAuth(managedConfigs[options.managed], scene.deps);
  return {
    internet,
    fake,
    scene,
    clock,
    provider,
    outcome: async (image = `${registries[0]}/app`) => {
      const answer: unknown = await provider.credentials(repositoryOf(image), never).catch((error: unknown) => error);
      assertSilent([answer, provider.state(), scene.log], fake);
      if (answer instanceof CredentialUnavailableError) return [answer.reason, answer.message];
      assert.ok(Array.isArray(answer), inspect(answer));
      return (answer as readonly { readonly scheme: string }[]).map(({ scheme }) => scheme);
    },
    [Symbol.asyncDispose]: async () => {
      await scene[Symbol.asyncDispose]();
      await internet[Symbol.asyncDispose]();
    },
  };
}

/** No way of printing shows a token that was given out, or anything of a refusal's body. */
export function assertSilent(values: readonly unknown[], fake: AzureFake): void {
  for (const value of values) {
    const texts = [
      inspect(value, { depth: 20, showHidden: true }),
      JSON.stringify(value) ?? "",
      value instanceof Error ? `${value.stack}${inspect(value.cause)}` : "",
    ];
    for (const text of texts) {
      assert.ok(!text.includes("secret-of-the-body"), text);
      for (const token of fake.issued) assert.ok(!text.includes(token.split(".")[1] ?? token), text);
    }
  }
}
