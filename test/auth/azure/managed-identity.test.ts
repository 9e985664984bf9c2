import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { azureClient } from "../../support/cloud/azure.ts";
import type { Site } from "../../support/cloud/internet.ts";
import { acme, azureScene, other, resourceID } from "./support.ts";

const metadata = "169.254.169.254:80";

describe("azureManagedIdentity", () => {
  it("asks the node's metadata service once, and takes the token to each login server", async () => {
    await using azure = await azureScene({ managed: "client" });
    for (const registry of [acme, other, acme]) assert.deepEqual(await azure.outcome(`${registry}/app`), ["refreshToken"]);
    const [request, ...more] = azure.internet.at(metadata);
    assert.deepEqual(more, []);
    assert.equal(request?.method, "GET");
    assert.equal(request?.headers["metadata"], "true");
    assert.equal(
      request?.path,
      `/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fcontainerregistry.azure.net&client_id=${azureClient}`,
    );
    assert.deepEqual(
      azure.internet.requests.map(({ site, path }) => [site, path.split("?")[0]]),
      [
        [metadata, "/metadata/identity/oauth2/token"],
        [acme, "/oauth2/exchange"],
        [other, "/oauth2/exchange"],
      ],
    );
    // Neither a name is looked up for it nor a token of Kubernetes asked for.
    assert.ok(!azure.internet.lookedUp.some((name) => name.includes("169.254")));
    assert.deepEqual(azure.scene.tokenRequests, []);
    assert.equal(azure.provider.state().identity, azureClient);
  });

  it("names an identity by its resource id", async () => {
    await using azure = await azureScene({ managed: "resource" });
    assert.deepEqual(await azure.outcome(), ["refreshToken"]);
    const asked = new URL(azure.internet.at(metadata)[0]?.path ?? "", "http://169.254.169.254").searchParams;
    assert.deepEqual([asked.get("msi_res_id"), asked.has("client_id")], [resourceID, false]);
    assert.equal(azure.provider.state().identity, resourceID);
  });

  it("names none where it is the node's own", async () => {
    await using azure = await azureScene({ managed: "system" });
    assert.deepEqual(await azure.outcome(), ["refreshToken"]);
    assert.equal(
      azure.internet.at(metadata)[0]?.path,
      "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fcontainerregistry.azure.net",
    );
    assert.equal(azure.provider.state().identity, "the node's system-assigned identity");
  });

  it("is not a tenant's, and the metadata service is not asked for one", async () => {
    await using azure = await azureScene({ managed: "client", scene: { namespace: "team-a" } });
    assert.deepEqual(await azure.outcome(), [
      "IdentityNotFound",
      "A NamespacedAuthProvider cannot use the identities of a node: use azureWorkloadIdentity",
    ]);
    assert.deepEqual(azure.internet.requests, []);
  });

  const who = "The metadata service of this node";
  const advice = "is this a node of Azure, and may the operator's pod reach it?";
  const answers =
    (status: number, headers = {}): Site =>
    () => ({ status, headers, body: { error: "secret-of-the-body" } });
  const table: readonly (readonly [string, Site, readonly string[]])[] = [
    [
      "has no such identity",
      answers(400),
      [
        "IdentityNotFound",
        `${who} does not know identity ${azureClient} (400): assign it to the node or its scale set, and where the node has several name one of them`,
      ],
    ],
    ["forbids it", answers(403), ["IdentityRefused", `${who} gives no token of identity ${azureClient} (403)`]],
    ["is being updated", answers(410), ["IdentityUnreachable", `${who} is being updated (410)`]],
    ["is not there yet", answers(404), ["IdentityUnreachable", `${who} is being updated (404)`]],
    ["fails", answers(500), ["IdentityUnreachable", `${who} fails (500); it is asked again`]],
    ["is asked too often", answers(429), ["Throttled", `${who} is asked too often (429); it is asked again later`]],
    [
      "redirects",
      answers(302, { location: "http://169.254.169.254/elsewhere" }),
      ["IdentityRefused", `${who} answers with a redirect (302), which is not followed`],
    ],
    ["answers with no token", answers(200), ["IdentityUnreachable", `${who} answered without a token that can be used`]],
    [
      "cuts the connection",
      () => "cut",
      [
        "IdentityUnreachable",
        `${who} cannot be reached (ConnectionReset): 169.254.169.254: the connection was closed before the answer was complete (UND_ERR_SOCKET); ${advice}`,
      ],
    ],
  ];
  for (const [what, site, expected] of table) {
    it(`says so where the metadata service ${what}`, async () => {
      await using azure = await azureScene({ managed: "client", sites: { [metadata]: site } });
      assert.deepEqual(await azure.outcome(), expected);
      assert.equal(azure.internet.requests.length, 1);
    });
  }

  it("says so where there is no metadata service: the machine is not Azure's", async () => {
    await using azure = await azureScene({ managed: "client" });
    azure.internet.set(metadata, undefined);
    const [reason, message] = await azure.outcome();
    assert.equal(reason, "IdentityNotFound");
    assert.match(message ?? "", /: the connection was refused \(ECONNREFUSED\); is this a node of Azure/);
  });
});
