import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { azureClouds } from "../../../src/auth/azure/clouds.ts";
import { ManualClock } from "../../support/clock.ts";
import { azureClient, azureTenant } from "../../support/cloud/azure.ts";
import { fakeJWT, repositoryOf } from "../../support/cloud/deps.ts";
import { acme, azureScene, never, other } from "./support.ts";

const minute = 60_000;
const entra = "login.microsoftonline.com";

describe("azureWorkloadIdentity", () => {
  it("takes the ServiceAccount's token to Entra, Entra's to the login server, and has a refresh token for that login server", async () => {
    await using azure = await azureScene();
    const [credential, ...more] = await azure.provider.credentials(repositoryOf(`${acme}/app`), never);
    assert.deepEqual(more, []);
    assert.equal(credential?.scheme, "refreshToken");
    assert.equal(credential?.tokenPath, "/oauth2/token");
    assert.equal(credential?.username, undefined);
    assert.equal(credential?.expiresAt, azure.clock.now() + 180 * minute);
    const [entraToken, refreshToken] = [...azure.fake.issued];
    assert.equal(credential?.secret.reveal(), refreshToken);
    assert.deepEqual(azure.scene.tokenRequests, ["countersign/puller api://AzureADTokenExchange"]);
    const [toEntra, toRegistry, ...surplus] = azure.internet.requests;
    assert.deepEqual(surplus, []);
    assert.deepEqual([toEntra?.site, toEntra?.method, toEntra?.path.split("?")[0]], [entra, "POST", `/${azureTenant}/oauth2/v2.0/token`]);
    const asked = Object.fromEntries(new URLSearchParams(toEntra?.body));
    assert.deepEqual(
      [asked["grant_type"], asked["client_id"], asked["scope"], asked["client_assertion_type"]],
      [
        "client_credentials",
        azureClient,
        "https://containerregistry.azure.net/.default",
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      ],
    );
    assert.deepEqual([toRegistry?.site, toRegistry?.method, toRegistry?.path], [acme, "POST", "/oauth2/exchange"]);
    assert.deepEqual(Object.fromEntries(new URLSearchParams(toRegistry?.body)), {
      grant_type: "access_token",
      service: acme,
      tenant: azureTenant,
      access_token: entraToken,
    });
    assert.equal(toRegistry?.headers.authorization, undefined);
  });

  it("shows whom it acts as, until when, and when it was last renewed", async () => {
    await using azure = await azureScene();
    assert.deepEqual(azure.provider.state(), {
      ready: true,
      reason: "NotRequested",
      message: `Azure Container Registry has not been asked for a credential of ${azureClient} yet`,
      warnings: [],
      identity: azureClient,
    });
    const before = azure.clock.now();
    assert.deepEqual(await azure.outcome(), ["refreshToken"]);
    assert.deepEqual(azure.provider.state(), {
      ready: true,
      reason: "Resolved",
      message: `Azure Container Registry takes credentials of ${azureClient}`,
      warnings: [],
      identity: azureClient,
      expiresAt: before + 180 * minute,
      lastRefresh: before,
    });
  });

  it("asks once for 100 that ask at the same time", async () => {
    await using azure = await azureScene();
    await Promise.all(Array.from({ length: 100 }, () => azure.provider.credentials(repositoryOf(`${acme}/app`), never)));
    assert.deepEqual([azure.internet.at(entra).length, azure.internet.at(acme).length, azure.scene.tokenRequests.length], [1, 1, 1]);
  });

  it("asks Entra once for all registries of one identity, and each registry for its own credential", async () => {
    const registries = Array.from({ length: 12 }, (_, n) => `registry${n}.azurecr.io`);
    await using azure = await azureScene({ registries });
    const credentials = await Promise.all(
      registries.map(async (host) => (await azure.provider.credentials(repositoryOf(`${host}/app`), never))[0]?.secret.reveal()),
    );
    assert.equal(new Set(credentials).size, 12);
    assert.equal(azure.internet.at(entra).length, 1);
    for (const [n, host] of registries.entries()) {
      const [request, ...more] = azure.internet.at(host);
      assert.deepEqual(more, []);
      assert.equal(new URLSearchParams(request?.body).get("service"), host);
      // Nobody's refresh token was seen by another registry.
      for (const [at, token] of credentials.entries()) if (at !== n) assert.ok(!request?.body.includes(token ?? "none"));
    }
  });

  it("renews the two tokens each at its own time, beside who asks", async () => {
    await using azure = await azureScene();
    await azure.outcome();
    // Entra's hour is over by then; the registry's three are not.
    await azure.clock.advance(100 * minute);
    await azure.outcome();
    assert.deepEqual([azure.internet.at(entra).length, azure.internet.at(acme).length], [1, 1]);
    await azure.clock.advance(40 * minute);
    await azure.outcome();
    await until(() => azure.internet.at(acme).length === 2);
    assert.equal(azure.internet.at(entra).length, 2);
    // Another registry finds the new one of Entra's.
    await azure.outcome(`${other}/app`);
    assert.equal(azure.internet.at(entra).length, 2);
  });

  it("is given another refresh token once the registry has refused the first, and not at the registry's pace", async () => {
    await using azure = await azureScene();
    const repository = repositoryOf(`${acme}/app`);
    const [first] = await azure.provider.credentials(repository, never);
    const renew = (): ReturnType<NonNullable<typeof azure.provider.renew>> =>
      azure.provider.renew?.(repository, first?.revision ?? "", never) ?? assert.fail();
    assert.equal(await renew(), undefined);
    await azure.clock.advance(2 * minute);
    const second = await renew();
    assert.notEqual(second?.secret.reveal(), first?.secret.reveal());
    assert.equal((await renew())?.revision, second?.revision);
    assert.equal(azure.internet.at(acme).length, 2);
    assert.equal(azure.internet.at(entra).length, 1);
  });

  it("takes another token of Entra's to a registry that does not take the one it has (401), once", async () => {
    await using azure = await azureScene();
    await azure.outcome();
    // As after a key was replaced: what was given out before is nothing any more.
    azure.fake.issued.clear();
    await azure.clock.advance(2 * minute);
    assert.deepEqual(await azure.outcome(`${other}/app`), ["refreshToken"]);
    assert.deepEqual(
      azure.internet.at(other).map(({ status }) => status),
      [401, 200],
    );
    assert.equal(azure.internet.at(entra).length, 2);
    azure.fake.revoked = true;
    await azure.clock.advance(200 * minute);
    const [reason] = await azure.outcome(`${other}/app`);
    assert.equal(reason, "RegistryRefused");
    assert.deepEqual(
      azure.internet.at(other).map(({ status }) => status),
      [401, 200, 401],
    );
  });

  for (const [cloud, { authorityHost, registrySuffix, federatedAudience }] of Object.entries(azureClouds)) {
    it(`${cloud} has its own authority, audience and registries`, async () => {
      const registry = `acmeregistry${registrySuffix}`;
      await using azure = await azureScene({ workload: { cloud: cloud as keyof typeof azureClouds }, registries: [registry] });
      assert.deepEqual(await azure.outcome(), ["refreshToken"]);
      assert.deepEqual(azure.scene.tokenRequests, [`countersign/puller ${federatedAudience}`]);
      assert.deepEqual(
        azure.internet.requests.map(({ site }) => site),
        [authorityHost, registry],
      );
    });
  }
});

describe("azureWorkloadIdentity without a ServiceAccount", () => {
  const file = "/var/run/secrets/azure/tokens/azure-identity-token";

  it("is the identity that the webhook of Azure gives to the operator's pod", async () => {
    const token = fakeJWT({ sub: "system:serviceaccount:countersign:puller", aud: ["api://AzureADTokenExchange"] }, new ManualClock());
    await using azure = await azureScene({
      workload: "pod",
      scene: { ambient: { azure: { tokenFile: file } }, files: { [file]: token } },
    });
    assert.deepEqual(await azure.outcome(), ["refreshToken"]);
    assert.equal(new URLSearchParams(azure.internet.at(entra)[0]?.body).get("client_assertion"), token);
    assert.deepEqual(azure.scene.tokenRequests, []);
  });

  it("says that there is none where the webhook was not at work", async () => {
    await using azure = await azureScene({ workload: "pod" });
    const message = "The operator's pod has no identity in this cloud, and serviceAccountRef is not set";
    assert.deepEqual(await azure.outcome(), ["IdentityNotFound", message]);
    assert.deepEqual(azure.provider.unavailable?.(repositoryOf(`${acme}/app`)), { reason: "IdentityNotFound", message });
    assert.deepEqual(azure.internet.requests, []);
  });

  it("is never a tenant's, whatever the pod's environment has", async () => {
    await using azure = await azureScene({
      workload: "pod",
      scene: { namespace: "team-a", ambient: { azure: { tokenFile: file } }, files: { [file]: "token" } },
    });
    assert.deepEqual(await azure.outcome(), [
      "IdentityNotFound",
      "A NamespacedAuthProvider uses the token of a ServiceAccount: set serviceAccountRef",
    ]);
    assert.deepEqual(azure.internet.requests, []);
  });

  it("names the file, and nothing of it, where it is not what it should be", async () => {
    for (const [content, ends] of [
      ["", "cannot be read, or is no token"],
      ["two\nlines", "cannot be read, or is no token"],
      [undefined, "does not exist: is the identity webhook of the cloud at work here?"],
    ] as const) {
      await using azure = await azureScene({
        workload: "pod",
        scene: { ambient: { azure: { tokenFile: file } }, ...(content !== undefined && { files: { [file]: content } }) },
      });
      assert.deepEqual(await azure.outcome(), [
        "IdentityNotFound",
        `the token file of the operator's pod (AZURE_FEDERATED_TOKEN_FILE) ${ends}`,
      ]);
    }
  });
});

describe("azureWorkloadIdentity of a tenant", () => {
  it("asks for the token of a ServiceAccount of its own namespace", async () => {
    await using azure = await azureScene({ scene: { namespace: "team-a" } });
    const [reason, message] = await azure.outcome();
    assert.deepEqual(azure.scene.tokenRequests, ["team-a/puller api://AzureADTokenExchange"]);
    // Entra trusts the operator's: the same name elsewhere is somebody else.
    assert.equal(reason, "IdentityRefused");
    assert.match(
      message ?? "",
      /of ServiceAccount\/team-a\/puller for client .*AADSTS700213.*subject "system:serviceaccount:team-a:puller"/,
    );
  });
});

/** Turns of the event loop until something holds that follows by itself. */
async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1000 && !holds(); turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
  assert.ok(holds());
}
