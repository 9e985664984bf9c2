import assert from "node:assert/strict";
import { it } from "node:test";
import { googleCanary, googleConfigs, googleRegistries } from "../../support/cloud/google.ts";
import { pull } from "../../support/cloud/pull.ts";
import { googleHosts, googleScene } from "./support.ts";

for (const [way, config] of Object.entries(googleConfigs)) {
  it(`googleArtifactRegistryAuth(), ${way}: every registry of Google gets the token as a password, at its own token service and nowhere else`, async () => {
    await using google = await googleScene(config);
    for (const host of googleRegistries) {
      const name = `${host}/acme/app`;
      assert.equal(await pull(google.scene, { provider: google.provider, registries: googleHosts, name }), "200");
      const sent = google.internet.at(host).map(({ method, path, headers }) => {
        const [scheme = "nothing"] = (headers.authorization ?? "").split(" ");
        return `${method} ${path.replace(/[?].*/, "")} ${scheme === "" ? "nothing" : scheme}`;
      });
      assert.deepEqual(sent, ["GET /v2/ nothing", "GET /v2/token Basic", "GET /v2/acme/app/manifests/latest Bearer"]);
    }
    const minted = google.internet.requests.filter(({ path }) => !path.startsWith("/v2/"));
    assert.equal(minted.length, way === "impersonated" ? 2 : 1);
  });
}

it("googleArtifactRegistryAuth(): a registry that sends us elsewhere for a token gets nothing, and neither does the other place", async () => {
  const [host] = googleRegistries;
  await using google = await googleScene(googleConfigs.federated, {
    sites: {
      [host]: () => ({ status: 401, headers: { "www-authenticate": 'Bearer realm="https://evil.example/v2/token",service="x"' } }),
      "evil.example": () => ({ status: 200, body: { token: "x" } }),
    },
  });
  const said = await pull(google.scene, { provider: google.provider, registries: googleHosts, name: `${host}/acme/app` });
  assert.match(said, /^UnsafeEndpoint: /);
  assert.deepEqual(google.internet.at("evil.example"), []);
  assert.ok(google.internet.at(host).every(({ headers }) => headers.authorization === undefined));
  assert.ok(!said.includes(googleCanary));
});

it("googleArtifactRegistryAuth(): a token that the registry refuses is fetched anew, once", async () => {
  await using google = await googleScene(googleConfigs.federated);
  const [host] = googleRegistries;
  const request = { provider: google.provider, registries: googleHosts, name: `${host}/acme/app` };
  assert.equal(await pull(google.scene, request), "200");
  // The first token is revoked, and with it what the registry made of it.
  const revoked = `Basic ${Buffer.from(`oauth2accesstoken:${googleCanary}.1`).toString("base64")}`;
  google.internet.set(host, ({ path, headers: { authorization } }) => {
    if (path.startsWith("/v2/token")) return authorization === revoked ? { status: 401 } : { status: 200, body: { token: "fresh" } };
    if (authorization === "Bearer fresh") return { status: 200, body: {} };
    return { status: 401, headers: { "www-authenticate": `Bearer realm="https://${host}/v2/token",service="${host}"` } };
  });
  await google.clock.advance(400_000);
  assert.equal(await pull(google.scene, request), "200");
  assert.equal(google.internet.requests.filter(({ site }) => site === "sts.googleapis.com").length, 2);
});
