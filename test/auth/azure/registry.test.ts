import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createKeychain } from "../../../src/keychain/keychain.ts";
import type { Repository } from "../../../src/oci/repository.ts";
import type { RegistryRequest } from "../../../src/transport/request.ts";
import { repositoryOf } from "../../support/cloud/deps.ts";
import { acme, type AzureScene, azureScene, never, other } from "./support.ts";

/** One request with what the keychain gives for the repository, as a Store sends it. */
async function read(azure: AzureScene, repository: Repository): Promise<number> {
  const keychain = createKeychain({
    providers: [
      {
        name: "acme",
        uid: "uid",
        creationTime: 0,
        revision: "1",
        patterns: azure.scene.deps.patterns,
        tokenHosts: [],
        plainHTTPHosts: [],
        allowCredentialsOverHTTP: false,
        provider: azure.provider,
      },
    ],
    unmatched: "Anonymous",
  });
  const resolved = await keychain.resolve(repository, never);
  const request: RegistryRequest = {
    access: { ...resolved, reach: "registry" },
    method: "GET",
    repository: repository.segments,
    resource: ["manifests", "1"],
    limitBytes: 65_536,
  };
  return (await azure.scene.transport.send(request, never)).status;
}

describe("the credential of azureWorkloadIdentity on the wire", () => {
  it("is exchanged at the login server whatever realm that names, and only what comes of it is sent with the request", async () => {
    await using azure = await azureScene({ sites: { "evil.example": () => ({ status: 200, body: { access_token: "trap" } }) } });
    assert.equal(await read(azure, repositoryOf(`${acme}/team/app`)), 200);
    const [entraToken = "", refreshToken = "", accessToken = ""] = [...azure.fake.issued];
    const [, , exchange, manifest, ...more] = azure.internet.requests;
    assert.deepEqual(more, []);
    assert.deepEqual(azure.internet.at("evil.example"), []);
    assert.deepEqual([exchange?.site, exchange?.method, exchange?.path], [acme, "POST", "/oauth2/token"]);
    assert.deepEqual(Object.fromEntries(new URLSearchParams(exchange?.body)), {
      grant_type: "refresh_token",
      client_id: "countersign",
      service: acme,
      scope: "repository:team/app:pull",
      refresh_token: refreshToken,
    });
    assert.deepEqual([manifest?.path, manifest?.headers.authorization], ["/v2/team/app/manifests/1", `Bearer ${accessToken}`]);
    // The token that opens every registry of the identity was seen by the exchange and by nothing else.
    const holding = azure.internet.requests.filter((request) => JSON.stringify(request).includes(entraToken));
    assert.deepEqual(
      holding.map(({ path }) => path),
      ["/oauth2/exchange"],
    );
  });

  it("is renewed once when the registry has forgotten it", async () => {
    await using azure = await azureScene();
    const repository = repositoryOf(`${acme}/app`);
    assert.equal(await read(azure, repository), 200);
    azure.fake.issued.clear();
    await azure.clock.advance(5 * 60_000);
    assert.equal(await read(azure, repository), 200);
    const count = (path: string): number =>
      azure.internet.at(acme).filter((request) => request.path === path && request.status === 200).length;
    assert.deepEqual([count("/oauth2/exchange"), count("/oauth2/token"), count("/v2/app/manifests/1")], [2, 2, 2]);
  });

  it("is nothing that another registry sees, over 200 requests in turn", async () => {
    await using azure = await azureScene();
    for (let n = 0; n < 200; n += 1) await read(azure, repositoryOf(`${n % 2 === 0 ? acme : other}/app${n % 5}`));
    for (const [own, foreign] of [
      [acme, other],
      [other, acme],
    ] as const) {
      const given = [...azure.fake.issued].filter((token) => audienceOf(token) === own);
      assert.ok(given.length > 0);
      const seen = JSON.stringify(azure.internet.at(foreign));
      for (const token of given) assert.ok(!seen.includes(token));
    }
    assert.equal(azure.internet.at("login.microsoftonline.com").length, 1);
    for (const host of [acme, other]) assert.equal(azure.internet.at(host).filter(({ path }) => path === "/oauth2/exchange").length, 1);
  });

  it("goes to no host that is not Azure's, whatever the patterns of the object say: CVE-2025-27403", async () => {
    for (const host of ["evil.example", "acmeregistry.azurecr.io.evil.example", "acmeregistry.azurecr.us"]) {
      await using azure = await azureScene({ registries: [host] });
      const [reason] = await azure.outcome(`${host}/app`);
      assert.equal(reason, "HostNotAllowed");
      assert.deepEqual([azure.internet.requests, azure.internet.lookedUp, azure.scene.tokenRequests], [[], [], []]);
    }
  });
});

function audienceOf(token: string): unknown {
  return (JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")) as { readonly aud?: unknown }).aud;
}
