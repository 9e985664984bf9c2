import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { azureClient, azureTenant } from "../../support/cloud/azure.ts";
import { repositoryOf } from "../../support/cloud/deps.ts";
import { acme, azureScene, never } from "./support.ts";

describe("azureWorkloadIdentity", () => {
  it("takes the ServiceAccount's token to Entra, Entra's to the login server, and has a refresh token for that login server", async () => {
    await using azure = await azureScene();
    const [credential] = await azure.provider.credentials(repositoryOf(`${acme}/app`), never);
    assert.equal(credential?.scheme, "refreshToken");
    assert.equal(credential?.tokenPath, "/oauth2/token");
    assert.equal(credential?.username, undefined);
    assert.deepEqual(azure.scene.tokenRequests, ["countersign/puller api://AzureADTokenExchange"]);
    assert.deepEqual(
      azure.internet.requests.map(({ site, method, path, status }) => [site, method, path.split("?")[0], status]),
      [
        ["login.microsoftonline.com", "POST", `/${azureTenant}/oauth2/v2.0/token`, 200],
        [acme, "POST", "/oauth2/exchange", 200],
      ],
    );
    const [, refresh] = [...azure.fake.issued];
    assert.equal(credential?.secret.reveal(), refresh);
    assert.equal(credential?.expiresAt, azure.clock.now() + 10_800_000);
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
    await azure.outcome();
    assert.deepEqual(azure.provider.state(), {
      ready: true,
      reason: "Resolved",
      message: `Azure Container Registry takes credentials of ${azureClient}`,
      warnings: [],
      identity: azureClient,
      expiresAt: before + 10_800_000,
      lastRefresh: before,
    });
  });
});
