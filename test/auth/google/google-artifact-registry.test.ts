import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { repositoryOf } from "../../support/cloud/deps.ts";
import {
  googleAudience,
  googleConfigs,
  googleImpersonation,
  googleMetadata,
  googlePool,
  googleReader,
  googleTokenService,
} from "../../support/cloud/google.ts";
import type { SeenRequest } from "../../support/cloud/internet.ts";
import { googleScene, image } from "./support.ts";

const signal = new AbortController().signal;
const line = ({ site, method, path, status }: SeenRequest): string => `${method} ${site}${path} ${status}`;

describe("googleArtifactRegistryAuth() with the metadata server", () => {
  it("asks for the default account's token, with the header that says that it is meant", async () => {
    await using google = await googleScene(googleConfigs.ambient);
    assert.equal(await google.ask(), "basic oauth2accesstoken token.1");
    assert.deepEqual(google.internet.requests.map(line), [
      `GET ${googleMetadata}/computeMetadata/v1/instance/service-accounts/default/token 200`,
    ]);
    assert.equal(google.internet.requests[0]?.headers["metadata-flavor"], "Google");
    assert.deepEqual(google.internet.lookedUp, []);
    assert.deepEqual(google.scene.tokenRequests, []);
  });

  it("asks for the account that serviceAccountEmail names", async () => {
    await using google = await googleScene({ serviceAccountEmail: googleReader }, { accounts: [googleReader] });
    assert.equal(await google.ask(), "basic oauth2accesstoken token.1");
    assert.equal(google.provider.state().identity, googleReader);
  });

  it("is nothing for a tenant, whose object is not ready and asks nobody", async () => {
    await using google = await googleScene(googleConfigs.ambient, { namespace: "team-a" });
    const message = "A NamespacedAuthProvider uses the token of a ServiceAccount: set workloadIdentityFederation";
    assert.equal(await google.ask(), `IdentityNotFound: ${message}`);
    assert.equal(google.provider.state().ready, false);
    assert.deepEqual(google.internet.requests, []);
  });
});

describe("googleArtifactRegistryAuth() with workloadIdentityFederation", () => {
  it("exchanges the token of the ServiceAccount, for the provider's audience", async () => {
    await using google = await googleScene(googleConfigs.federated);
    assert.equal(await google.ask(), "basic oauth2accesstoken token.1");
    assert.deepEqual(google.internet.requests.map(line), [`POST ${googleTokenService}/v1/token 200`]);
    assert.deepEqual(google.scene.tokenRequests, [`countersign/reader ${googleAudience}`]);
    const [request] = google.internet.requests;
    const form = new URLSearchParams(request?.body);
    assert.deepEqual([...form.keys()].toSorted(), [
      "audience",
      "grant_type",
      "requested_token_type",
      "scope",
      "subject_token",
      "subject_token_type",
    ]);
    assert.equal(form.get("scope"), "https://www.googleapis.com/auth/cloud-platform");
    assert.equal(request?.headers["content-type"], "application/x-www-form-urlencoded");
    assert.equal(request?.headers.authorization, undefined);
  });

  it("acts as the service account that serviceAccountEmail names, with the federated token", async () => {
    await using google = await googleScene(googleConfigs.impersonated);
    assert.equal(await google.ask(), "basic oauth2accesstoken token.2");
    assert.deepEqual(google.internet.requests.map(line), [
      `POST ${googleTokenService}/v1/token 200`,
      `POST ${googleImpersonation}/v1/projects/-/serviceAccounts/${googleReader}:generateAccessToken 200`,
    ]);
    assert.deepEqual(JSON.parse(google.internet.requests[1]?.body ?? ""), {
      scope: ["https://www.googleapis.com/auth/cloud-platform"],
      lifetime: "3600s",
    });
  });

  it("takes a tenant's token from the tenant's own namespace", async () => {
    await using google = await googleScene(googleConfigs.federated, { namespace: "team-a" });
    assert.equal(await google.ask(), "basic oauth2accesstoken token.1");
    assert.deepEqual(google.scene.tokenRequests, [`team-a/reader ${googleAudience}`]);
    assert.equal(google.provider.state().identity, "system:serviceaccount:team-a:reader");
  });

  it("says before anything is asked that there is no cluster to get a token from", async () => {
    await using google = await googleScene(googleConfigs.federated, { tokens: null });
    assert.equal(await google.ask(), "IdentityNotFound: ServiceAccount/reader has tokens in a cluster only: there is none here");
    assert.deepEqual(google.internet.requests, []);
  });

  it("knows a ServiceAccount that is missing without asking anybody", async () => {
    const missing = { ...googlePool, serviceAccountRef: { name: "gone" } };
    await using google = await googleScene({ workloadIdentityFederation: missing });
    const { deps } = google.scene;
    const { googleArtifactRegistryAuth } = await import("../../../src/auth/google/google-artifact-registry.ts");
    const material = { ...deps.material, serviceAccount: () => undefined };
    const provider = googleArtifactRegistryAuth({ workloadIdentityFederation: missing }, { ...deps, material });
    const { ready, reason, message } = provider.state();
    assert.deepEqual({ ready, reason, message }, { ready: false, reason: "RefNotFound", message: "ServiceAccount/gone does not exist" });
  });
});

describe("googleArtifactRegistryAuth()", () => {
  for (const [way, config] of Object.entries(googleConfigs)) {
    it(`${way}: asks once for 100 callers, over hosts of every kind`, async () => {
      await using google = await googleScene(config);
      const hosts = ["us-docker.pkg.dev/acme/a/b", image, "gcr.io/acme/app", "eu.gcr.io/acme/app"];
      const asked = Array.from({ length: 100 }, (_, at) => google.provider.credentials(repositoryOf(hosts[at % 4] ?? image), signal));
      const answers = await Promise.all(asked);
      assert.equal(new Set(answers.map(([first]) => first?.revision)).size, 1);
      assert.equal(google.internet.requests.length, way === "impersonated" ? 2 : 1);
    });

    it(`${way}: renews ahead of the end, serves the old token meanwhile, and never one that has ended`, async () => {
      await using google = await googleScene(config);
      const first = await google.ask();
      await google.clock.advance(41 * 60_000);
      assert.equal(await google.ask(), first);
      await google.clock.advance(60_000 * 2);
      await google.ask();
      await settled(google);
      const second = await google.ask();
      assert.notEqual(second, first);
      for (const site of [googleMetadata, googleTokenService]) google.internet.set(site, () => ({ status: 500 }));
      await google.clock.advance(61 * 60_000);
      assert.match(await google.ask(), /^IdentityUnreachable: Google's (metadata server|token service) fails \(500\); it is asked again$/);
    });

    it(`${way}: tells who it acts as, when the token ends and when it was fetched`, async () => {
      await using google = await googleScene(config);
      assert.equal(google.provider.state().reason, "NotRequested");
      await google.ask();
      const identity = {
        ambient: "default service account",
        federated: "system:serviceaccount:countersign:reader",
        impersonated: googleReader,
      }[way as keyof typeof googleConfigs];
      assert.deepEqual(google.provider.state(), {
        ready: true,
        reason: "Resolved",
        message: `Google Artifact Registry takes credentials of ${identity}`,
        warnings: [],
        identity,
        expiresAt: google.clock.now() + 3_600_000,
        lastRefresh: google.clock.now(),
      });
    });

    it(`${way}: believes no life that is longer than an hour`, async () => {
      await using google = await googleScene(config, { lifeSeconds: 999_999 });
      await google.ask();
      assert.equal(google.provider.state().expiresAt, google.clock.now() + 3_600_000);
    });

    it(`${way}: gives nothing to a host that is not Google's, and asks nobody`, async () => {
      await using google = await googleScene(config, { registries: ["*.evil.example", "registry.acme.io"] });
      const message =
        '"AuthProvider/acme" gives credentials to Google Artifact Registry only, and "gcr.evil.example" is no host of it'.replaceAll(
          '"',
          "",
        );
      assert.equal(await google.ask("gcr.evil.example/acme/app"), `HostNotAllowed: ${message}`);
      assert.deepEqual(google.internet.requests, []);
    });
  }
});

/** Until what was asked beside a served token is there: the exchanges run over real sockets. */
async function settled({ provider }: { readonly provider: Awaited<ReturnType<typeof googleScene>>["provider"] }): Promise<void> {
  const before = provider.state().lastRefresh;
  for (let turn = 0; turn < 2000 && provider.state().lastRefresh === before; turn += 1)
    await new Promise((resolve) => setImmediate(resolve));
}
