import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { authProviders } from "../../../src/auth/catalog.ts";
import { kindTable } from "../../../src/api/kinds.ts";
import type { AuthProviderType } from "../../../src/api/auth-provider.ts";
import type { AuthProviderDeps } from "../../../src/keychain/ports.ts";
import { object } from "../../api/objects.ts";
import { assertSilentWire, attack, evil, never } from "./scene.ts";
import { cloudTypes, subjects, types } from "./subjects.ts";
import { repositoryOf } from "../../support/cloud/deps.ts";

/** Variables that SDKs and tools of registries read, each turned into a trap. */
function traps(home: string): Readonly<Record<string, string>> {
  const file = join(home, "config.json");
  return {
    HOME: home,
    DOCKER_CONFIG: home,
    REGISTRY_AUTH_FILE: file,
    HTTPS_PROXY: `http://${evil}:3128`,
    https_proxy: `http://${evil}:3128`,
    AZURE_AUTHORITY_HOST: `https://${evil}/`,
    AZURE_POD_IDENTITY_AUTHORITY_HOST: `http://${evil}`,
    AZURE_FEDERATED_TOKEN_FILE: file,
    MSI_ENDPOINT: `http://${evil}/`,
    IDENTITY_ENDPOINT: `http://${evil}/`,
    AWS_ENDPOINT_URL: `https://${evil}`,
    AWS_ENDPOINT_URL_STS: `https://${evil}`,
    AWS_ENDPOINT_URL_ECR: `https://${evil}`,
    AWS_ACCESS_KEY_ID: "AKIATRAP",
    AWS_SECRET_ACCESS_KEY: "trap",
    AWS_CONFIG_FILE: file,
    AWS_SHARED_CREDENTIALS_FILE: file,
    AWS_PROFILE: "trap",
    GOOGLE_APPLICATION_CREDENTIALS: file,
    GCE_METADATA_HOST: evil,
    ALIBABA_CLOUD_ACCESS_KEY_ID: "trap",
    ALIBABA_CLOUD_CREDENTIALS_URI: `http://${evil}/`,
  };
}

const clouds = types.filter((type) => subjects[type].isCloud);
const tenants = { namespace: "team-a" } as const;

/** The factory, as no decoder would call it: with a namespace and this config. */
async function givenTo(type: AuthProviderType, config: object): Promise<string> {
  await using scene = await attack(type, tenants);
  const build = authProviders[type] as (config: object, deps: AuthProviderDeps) => ReturnType<(typeof authProviders)["anonymous"]>;
  const everything = {
    azure: { tokenFile: "/token", clientID: "c", tenantID: "t", authorityHost: `https://${evil}/` },
    aws: {
      tokenFile: "/token",
      roleARN: "arn:aws:iam::123456789012:role/operator",
      containerCredentialsURI: "http://169.254.170.23/v1/credentials",
    },
    alibaba: {
      tokenFile: "/token",
      roleARN: "acs:ram::1234567890123456:role/operator",
      oidcProviderARN: "acs:ram::1234567890123456:oidc-provider/x",
    },
  };
  const cloud = { ...scene.scene.deps.cloud, ambient: everything, readFile: () => Promise.resolve("token-of-the-operator") };
  const provider = build(config, { ...scene.scene.deps, cloud });
  const error: unknown = await provider.credentials(repositoryOf(`${scene.host}/acme/app`), never).catch((thrown: unknown) => thrown);
  assertSilentWire(scene, `${type}: nothing is asked with the operator's identity`);
  assert.ok(error instanceof Error && "reason" in error, `${type} gave a tenant a credential`);
  return String(error.reason);
}

describe("what stands in the machine", () => {
  for (const type of types)
    it(`CVE-2026-24845, ${type}: no variable and no file of a home directory is read`, async () => {
      const home = mkdtempSync(join(tmpdir(), "home-"));
      writeFileSync(join(home, "config.json"), JSON.stringify({ auths: { [subjects[type].host]: { auth: "dHJhcDp0cmFw" } } }));
      const before = { ...process.env };
      Object.assign(process.env, traps(home));
      try {
        await using scene = await attack(type);
        assert.equal(await scene.read(`${scene.host}/acme/app`), "200");
        assert.deepEqual(scene.internet.at(evil), []);
        assert.ok(!scene.internet.lookedUp.includes(evil));
        assert.ok(!JSON.stringify(scene.internet.requests).includes("trap"));
      } finally {
        for (const name of Object.keys(traps(home))) {
          if (before[name] === undefined) delete process.env[name];
          else process.env[name] = before[name];
        }
        rmSync(home, { recursive: true });
      }
    });
});

/** The Kyverno advisories: a policy of a namespace chose where a token of a ServiceAccount, or a request of the server's, went. */
describe("GHSA-8wfp-579w-6r25 CVE-2026-41323 CVE-2026-4789 GHSA-fmqp-4wfc-w3v7 GHSA-qr4g-8hrp-c4rw: a NamespacedAuthProvider", () => {
  const places = [
    "endpoint",
    "endpoints",
    "audience",
    "audiences",
    "authority",
    "authorityHost",
    "tokenURL",
    "cloud",
    "stsRegion",
    "source",
  ];
  for (const type of clouds) {
    it(`CVE-2026-41323 GHSA-8wfp-579w-6r25, ${type}: has no field that says where a token goes, or whom it is for`, () => {
      for (const place of [...places, "trustedHostSuffixes"]) {
        const spec = { registries: [subjects[type].host], type, [type]: { ...subjects[type].config, [place]: `https://${evil}/` } };
        const { ok } = kindTable.NamespacedAuthProvider.decode(object("NamespacedAuthProvider", spec));
        assert.equal(ok, false, place);
      }
    });

    it(`CVE-2026-4789 GHSA-qr4g-8hrp-c4rw, ${type}: whatever it says, the operator's own identity is not asked for anything`, async () => {
      const {
        serviceAccountRef: _,
        workloadIdentityFederation: __,
        ...without
      } = subjects[type].config as Readonly<Record<string, unknown>>;
      assert.equal(await givenTo(type, without), "IdentityNotFound");
    });
  }

  it("GHSA-fmqp-4wfc-w3v7: has tokens of ServiceAccounts of its own namespace, for the cloud's audience and no other", async () => {
    const audiences = new Set<string>();
    for (const type of cloudTypes.filter((each) => each !== "azureManagedIdentity")) {
      await using scene = await attack(type, tenants);
      await scene.read(`${scene.host}/acme/app`);
      assert.ok(scene.scene.tokenRequests.length > 0, type);
      for (const request of scene.scene.tokenRequests) {
        const [account = "", audience = ""] = request.split(" ");
        assert.match(account, /^team-a\//, type);
        audiences.add(audience);
      }
      assert.deepEqual(scene.internet.at(evil), []);
    }
    assert.deepEqual([...audiences].toSorted(), [
      "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/countersign/providers/cluster-a",
      "api://AzureADTokenExchange",
      "sts.aliyuncs.com",
      "sts.amazonaws.com",
    ]);
  });
});
