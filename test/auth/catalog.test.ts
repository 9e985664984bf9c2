import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parse } from "yaml";
import { authProviders } from "../../src/auth/catalog.ts";
import { type AuthProviderConfigs, type AuthProviderType, decodeAuthProvider } from "../../src/api/auth-provider.ts";
import { reasons } from "../../src/api/reasons.ts";
import { alibabaConfig, alibabaRegistry } from "../support/cloud/alibaba.ts";
import { awsConfig, ecrRegistryHost } from "../support/cloud/aws.ts";
import { azureManagedIdentityConfig, azureWorkloadIdentityConfig } from "../support/cloud/azure.ts";
import { build, dockerConfig, sent } from "./support.ts";

/** Each type with references that lead nowhere: total over the union, so that a new type has to be added here. */
const leadingNowhere: { readonly [T in AuthProviderType]: AuthProviderConfigs[T] } = {
  anonymous: {},
  kubernetesSecret: { secretRef: { name: "gone" } },
  serviceAccount: { serviceAccountRef: { name: "gone" } },
  dockerConfig: { path: "config.json" },
  googleArtifactRegistry: {
    workloadIdentityFederation: { serviceAccountRef: { name: "gone" }, projectNumber: 1, poolID: "pool", providerID: "provider" },
  },
  azureWorkloadIdentity: { ...azureWorkloadIdentityConfig, serviceAccountRef: { name: "gone" } },
  azureManagedIdentity: azureManagedIdentityConfig,
  alibabaAcr: { ...alibabaConfig, serviceAccountRef: { name: "gone" } },
  awsEcr: awsConfig({ serviceAccountRef: { name: "gone" } }),
};

/** A registry of each type that is a cloud's. */
const registries: { readonly [T in AuthProviderType]?: string } = {
  googleArtifactRegistry: "gcr.io",
  azureWorkloadIdentity: "acmeregistry.azurecr.io",
  azureManagedIdentity: "acmeregistry.azurecr.io",
  alibabaAcr: alibabaRegistry,
  awsEcr: ecrRegistryHost,
};

describe("authProviders", () => {
  for (const type of Object.keys(authProviders) as AuthProviderType[]) {
    it(`has a section for ${type}, with a manifest that is accepted and what to do about each reason`, () => {
      const page = readFileSync(new URL("../../docs/reference/auth-types.md", import.meta.url), "utf8");
      const [, section = ""] = page.split(`\n## ${type}\n`);
      const [own = ""] = section.split("\n## ");
      const [, sample = ""] = /```yaml\n([\s\S]*?)```/.exec(own) ?? [];
      const decoded = decodeAuthProvider(parse(sample));
      assert.equal(decoded.ok && decoded.spec.type, type);
      const named = Array.from(own.matchAll(/^\| `([A-Z]\w+)` \| /gm), ([, reason = ""]) => reason);
      assert.ok(named.length > 0);
      assert.deepEqual(
        named.filter((reason) => !Object.hasOwn(reasons, reason)),
        [],
      );
    });

    it(`CVE-2026-24845: ${type} never looks for a credential in the environment or the home directory`, async () => {
      const home = mkdtempSync(join(tmpdir(), "countersign-home-"));
      const before = {
        HOME: process.env["HOME"],
        DOCKER_CONFIG: process.env["DOCKER_CONFIG"],
        REGISTRY_AUTH_FILE: process.env["REGISTRY_AUTH_FILE"],
      };
      try {
        writeFileSync(join(home, "config.json"), dockerConfig({ "ghcr.io": "ambient" }));
        Object.assign(process.env, { HOME: home, DOCKER_CONFIG: home, REGISTRY_AUTH_FILE: join(home, "config.json") });
        const fileRoot = mkdtempSync(join(home, "root-"));
        const registry = registries[type] ?? "ghcr.io";
        const answer = await sent(build(type, leadingNowhere[type], { registries: [registry], fileRoot }), `${registry}/app`);
        const nowhere = registries[type] === undefined ? "RefNotFound" : "IdentityNotFound";
        assert.equal(answer[0], type === "anonymous" ? undefined : nowhere);
      } finally {
        for (const [name, value] of Object.entries(before)) {
          if (value === undefined) delete process.env[name];
          else process.env[name] = value;
        }
        rmSync(home, { recursive: true, force: true });
      }
    });
  }
});
