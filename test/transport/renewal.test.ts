import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Secret } from "../../src/kernel/secret.ts";
import type { BoundCredential } from "../../src/oci/credential.ts";
import { type Internet, type SeenRequest, type Site, startInternet } from "../support/cloud/internet.ts";
import { access, basic, canary, failureOf, get, never, transport } from "./fixture.ts";

const host = "registry.acme.io";
const origin = `https://${host}`;

/** A registry that takes one password, or says in its own way that it is too old. */
function passwordSite(good: () => string, refusal: { readonly status: number; readonly body?: object }): Site {
  return ({ path, headers }) => {
    const sent = Buffer.from((headers.authorization ?? "").slice(6), "base64").toString();
    if (path === "/v2/" && headers.authorization === undefined) return { status: 401, headers: { "www-authenticate": 'Basic realm="r"' } };
    if (sent === `alice:${good()}`) return { status: 200, body: "{}" };
    return { ...refusal, ...(refusal.status === 401 && { headers: { "www-authenticate": 'Basic realm="r"' } }) };
  };
}

const passwords = (internet: Internet): readonly string[] =>
  internet
    .at(host)
    .filter(({ path }) => path.includes("/manifests/"))
    .map(({ headers }) => Buffer.from((headers.authorization ?? "").slice(6), "base64").toString());

const denied = (message: string): object => ({ errors: [{ code: "DENIED", message }] });

describe("a credential that a registry refuses", () => {
  const refusals: readonly (readonly [string, { readonly status: number; readonly body?: object }])[] = [
    ["401, as everybody", { status: 401 }],
    ["403, as ECR", { status: 403, body: denied("Your authorization token has expired. Reauthenticate and try again.") }],
    ["400, as ECR Public", { status: 400, body: denied("Token is invalid") }],
  ];
  for (const [name, refusal] of refusals) {
    it(`is renewed once and tried again (${name})`, async () => {
      await using internet = await startInternet({ [host]: passwordSite(() => "new", refusal) });
      await using client = transport({ network: internet.network });
      const asked: string[] = [];
      const at = access(origin, {
        credentials: [basic(origin, { password: "old", identity: "acr/old" })],
        renew: async (refused) => {
          asked.push(refused.identity);
          return basic(origin, { password: "new", identity: "acr/new" });
        },
      });
      const response = await client.send(get(at, "team/app", "manifests/1"), never);
      assert.deepEqual([response.status, response.sentAs, asked], [200, "acr/new", ["acr/old"]]);
      assert.deepEqual(passwords(internet), ["alice:old", "alice:new"]);
    });

    it(`is refused for good where the renewed one is too (${name})`, async () => {
      await using internet = await startInternet({ [host]: passwordSite(() => "another", refusal) });
      await using client = transport({ network: internet.network });
      let asked = 0;
      const renew = async (): Promise<BoundCredential> => {
        asked += 1;
        return basic(origin, { password: `new${asked}`, identity: `acr/new${asked}` });
      };
      const at = access(origin, { credentials: [basic(origin, { password: "old" })], renew });
      assert.equal((await failureOf(client.send(get(at, "team/app", "manifests/1"), never))).class, "AuthenticationFailed");
      assert.equal(asked, 1);
      assert.deepEqual(passwords(internet), ["alice:old", "alice:new1"]);
    });
  }

  it("is not renewed for a right that is missing", async () => {
    await using internet = await startInternet({ [host]: passwordSite(() => "x", { status: 403, body: denied("no pull access") }) });
    await using client = transport({ network: internet.network });
    const renew = (): Promise<undefined> => Promise.reject(new TypeError("nobody asks"));
    const at = access(origin, { credentials: [basic(origin)], renew });
    assert.equal((await failureOf(client.send(get(at, "team/app", "manifests/1"), never))).class, "AuthorizationDenied");
  });

  const useless: readonly (readonly [string, () => Promise<BoundCredential | undefined>])[] = [
    ["there is none", async () => undefined],
    ["none can be had", () => Promise.reject(new Error("Entra is down"))],
    ["it is the same", async () => basic(origin, { password: "old" })],
    ["it is for another origin", async () => basic("https://evil.example", { password: canary, identity: "acr/evil" })],
  ];
  for (const [name, renew] of useless) {
    it(`stays refused where ${name}`, async () => {
      await using internet = await startInternet({ [host]: passwordSite(() => "new", { status: 401 }) });
      await using client = transport({ network: internet.network });
      const at = access(origin, { credentials: [basic(origin, { password: "old" })], renew });
      const error = await failureOf(client.send(get(at, "team/app", "manifests/1"), never));
      assert.deepEqual(error.failure, {
        class: "AuthenticationFailed",
        message: `${host}: refused the credential of AuthProvider/acr (401)`,
      });
      assert.deepEqual(passwords(internet), ["alice:old"]);
    });
  }
});

describe("a credential that names its token service (Azure)", () => {
  const exchanged = (internet: Internet): readonly SeenRequest[] => internet.at(host).filter(({ path }) => path === "/oauth2/token");
  const credential = (token = canary): BoundCredential => ({
    scheme: "refreshToken",
    secret: new Secret(token),
    tokenPath: "/oauth2/token",
    revision: token,
    origin,
    pathPrefixes: ["/v2/"],
    provider: "acr",
    identity: `acr/${token}`,
  });
  const site =
    (challenge: string): Site =>
    ({ path, headers, body }) => {
      if (path === "/oauth2/token")
        return new URLSearchParams(body).get("refresh_token") === canary
          ? { status: 200, body: { access_token: "token-of-the-registry" } }
          : { status: 401 };
      return headers.authorization === "Bearer token-of-the-registry"
        ? { status: 200, body: "{}" }
        : { status: 401, headers: { "www-authenticate": challenge } };
    };

  const challenges = [
    `Bearer realm="${origin}/oauth2/token",service="${host}"`,
    'Bearer realm="https://evil.example/oauth2/token",service="evil.example"',
    'Bearer realm="http://169.254.169.254/latest"',
    'Basic realm="r"',
    "",
  ];
  for (const challenge of challenges) {
    it(`is exchanged on its own origin, whatever the challenge says: ${challenge === "" ? "nothing" : challenge}`, async () => {
      await using internet = await startInternet({
        [host]: site(challenge),
        "evil.example": () => ({ status: 200, body: { token: "x" } }),
      });
      await using client = transport({ network: internet.network });
      const at = access(origin, { credentials: [credential()] });
      assert.equal((await client.send(get(at, "team/app", "manifests/1"), never)).status, 200);
      const [form] = exchanged(internet).map(({ body }) => Object.fromEntries(new URLSearchParams(body)));
      assert.deepEqual(form, {
        grant_type: "refresh_token",
        client_id: "countersign",
        service: host,
        scope: "repository:team/app:pull",
        refresh_token: canary,
      });
      assert.deepEqual(internet.at("evil.example"), []);
      assert.deepEqual([...new Set(internet.lookedUp)], [host]);
      assert.equal(internet.requests.length, 2, "no request is needed to learn what it wants");
    });
  }

  it("is renewed once where the exchange refuses it", async () => {
    await using internet = await startInternet({ [host]: site("") });
    await using client = transport({ network: internet.network });
    const at = access(origin, { credentials: [credential("old")], renew: async () => credential() });
    assert.equal((await client.send(get(at, "team/app", "manifests/1"), never)).sentAs, `acr/${canary}`);
  });

  it("is renewed once where the token service says in ECR's way that it is too old", async () => {
    const expired = { status: 403, body: denied("Your authorization token has expired. Reauthenticate and try again.") };
    const taking = site("");
    await using internet = await startInternet({
      [host]: (request, wire) => (request.body.includes("refresh_token=old") ? expired : taking(request, wire)),
    });
    await using client = transport({ network: internet.network });
    const at = access(origin, { credentials: [credential("old")], renew: async () => credential() });
    assert.equal((await client.send(get(at, "team/app", "manifests/1"), never)).sentAs, `acr/${canary}`);
  });

  it("gets a new token where the registry refuses the one that it had, and tells of no other", async () => {
    let good = "first";
    const changing: Site = ({ path, headers }) => {
      if (path === "/oauth2/token") return { status: 200, body: { access_token: good } };
      return headers.authorization === `Bearer ${good}` ? { status: 200, body: "{}" } : { status: 401 };
    };
    await using internet = await startInternet({ [host]: changing });
    await using client = transport({ network: internet.network });
    const at = access(origin, { credentials: [credential()] });
    await client.send(get(at, "team/app", "manifests/1"), never);
    good = "second";
    assert.equal((await client.send(get(at, "team/app", "manifests/1"), never)).status, 200);
    assert.equal(exchanged(internet).length, 2);
  });

  it("ends where every token is refused", async () => {
    const stubborn: Site = ({ path }) =>
      path === "/oauth2/token"
        ? { status: 200, body: { access_token: "t" } }
        : { status: 401, headers: { "www-authenticate": "Bearer realm=x" } };
    await using internet = await startInternet({ [host]: stubborn });
    await using client = transport({ network: internet.network });
    const error = await failureOf(client.send(get(access(origin, { credentials: [credential()] }), "team/app", "manifests/1"), never));
    assert.equal(error.class, "AuthenticationFailed");
    assert.ok(internet.requests.length <= 4, `${internet.requests.length} requests`);
  });
});
