import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startRegistry, type TestRegistry } from "../support/registry.ts";
import { virtualNetwork } from "../support/registry/network.ts";
import type { Transport } from "../../src/transport/transport.ts";
import type { RegistryRequest } from "../../src/transport/request.ts";
import { access, basic, canary, failureOf, get, never, tls, transport } from "./fixture.ts";

const origin = "https://registry.acme.io";
const auth = { kind: "basic", users: { alice: canary } } as const;
const resource = "blobs/sha256:0000000000000000000000000000000000000000000000000000000000000000";

interface Scene extends AsyncDisposable {
  readonly registry: TestRegistry;
  readonly other: TestRegistry;
  readonly client: Transport;
  readonly request: RegistryRequest;
}

/** registry.acme.io, which wants a password, and everybody else, who would gladly have it. */
async function scene(address?: string): Promise<Scene> {
  const registry = await startRegistry({ tls, auth });
  const other = await startRegistry({ tls });
  const elsewhere = { port: other.port, ...(address !== undefined && { address }) };
  const network = virtualNetwork({
    "registry.acme.io": { port: registry.port },
    "registry.acme.io:8443": { port: other.port },
    "storage.acme.io": elsewhere,
  });
  const client = transport({ network });
  const request = get(access(origin, { credentials: [basic(origin)] }), "team/app", resource);
  return {
    registry,
    other,
    client,
    request,
    [Symbol.asyncDispose]: async () => {
      await client.close();
      await registry[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
    },
  };
}

const secretsSeen = (registry: TestRegistry): readonly unknown[] =>
  registry.requests.filter(({ authorization, headers }) => authorization !== undefined || headers.cookie !== undefined);

describe("redirects of Transport.send()", () => {
  it("H3 CVE-2020-15157: follows to where blobs are kept, without the credential", async () => {
    await using s = await scene();
    s.registry.setMode("/blobs/", { kind: "redirect", location: "https://storage.acme.io/signed?signature=abc" });
    s.other.setMode("/signed", { kind: "bytes", body: "content" });
    const response = await s.client.send(s.request, never);
    assert.equal(Buffer.from(response.body).toString(), "content");
    assert.equal(s.other.requests.length, 1);
    assert.deepEqual(secretsSeen(s.other), []);
  });

  it("H3 CVE-2020-15157: never answers a 401 of the target, nor says where it was", async () => {
    await using s = await scene();
    s.registry.setMode("/blobs/", { kind: "redirect", location: "https://storage.acme.io/signed?signature=abc" });
    s.other.setMode("/signed", { kind: "status", status: 401, headers: { "www-authenticate": 'Basic realm="gimme"' } });
    const error = await failureOf(s.client.send(s.request, never));
    assert.deepEqual(error.failure, {
      class: "AuthenticationFailed",
      message: "registry.acme.io: the place that it redirects to refused (401)",
    });
    assert.equal(s.other.requests.length, 1);
    assert.deepEqual(secretsSeen(s.other), []);
  });

  const elsewhere: readonly (readonly [string, string])[] = [
    ["H2 CVE-2026-48978: another port of the same host", "https://registry.acme.io:8443/v2/team/app/x"],
    ["H2 undici CVE-2024-30260: another host with the same path", `https://storage.acme.io/v2/team/app/${resource}`],
  ];
  for (const [name, location] of elsewhere)
    it(`${name}: no Authorization`, async () => {
      await using s = await scene();
      s.registry.setMode("/blobs/", { kind: "redirect", location });
      s.other.setMode("/v2/", { kind: "bytes", body: "content" });
      assert.equal((await s.client.send(s.request, never)).status, 200);
      assert.equal(s.other.requests.length, 1);
      assert.deepEqual(secretsSeen(s.other), []);
    });

  it("H2 oras #1430: another repository of the same host gets no Authorization, the same repository does", async () => {
    await using s = await scene();
    s.registry.setMode("/blobs/", { kind: "redirect", location: "/v2/team/app/moved" });
    s.registry.setMode("/moved", { kind: "redirect", location: "/v2/team/other/x" });
    s.registry.setMode("/other/", { kind: "bytes", body: "content" });
    assert.equal((await s.client.send(s.request, never)).status, 200);
    assert.deepEqual(
      s.registry.requests.map(({ path, authorization }) => [path.replace(resource, "blob"), authorization !== undefined]),
      [
        ["/v2/", false],
        ["/v2/team/app/blob", true],
        ["/v2/team/app/moved", true],
        ["/v2/team/other/x", false],
      ],
    );
  });

  it("H2: the credential does not come back with a redirect that comes back", async () => {
    await using s = await scene();
    s.registry.setMode("/blobs/", { kind: "redirect", location: "https://storage.acme.io/signed" });
    s.other.setMode("/signed", { kind: "redirect", location: `${origin}/v2/team/app/again` });
    s.registry.setMode("/again", { kind: "bytes", body: "content" });
    assert.equal((await s.client.send(s.request, never)).status, 200);
    assert.equal(s.registry.requests.find(({ path }) => path.endsWith("/again"))?.authorization, undefined);
  });

  const refused: readonly (readonly [string, string])[] = [
    ["plain http", "http://storage.acme.io/signed"],
    ["plain http on the very host", "http://registry.acme.io/v2/team/app/x"],
    ["a user in it", "https://a:b@storage.acme.io/signed"],
    ["a backslash", "https://storage.acme.io\\@evil.example/"],
    ["another scheme", "ftp://storage.acme.io/signed"],
    ["a metadata service by address", "https://169.254.169.254/latest/meta-data"],
    ["a metadata service in IPv6 clothes", "https://[::ffff:169.254.169.254]/latest/meta-data"],
    ["a loopback address", "https://127.0.0.1/x"],
    ["a private address", "https://10.1.2.3/x"],
    ["a decimal address", "https://2130706433/x"],
  ];
  for (const [name, location] of refused)
    it(`H2 H9: refuses ${name}, and connects to nobody`, async () => {
      await using s = await scene();
      s.registry.setMode("/blobs/", { kind: "redirect", location });
      assert.equal((await failureOf(s.client.send(s.request, never))).class, "UnsafeEndpoint");
      assert.equal(s.other.requests.length, 0);
    });

  for (const address of ["10.9.9.9", "127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "fd12::1"])
    it(`H9: refuses a host that resolves to ${address}`, async () => {
      await using s = await scene(address);
      s.registry.setMode("/blobs/", { kind: "redirect", location: "https://storage.acme.io/signed" });
      const error = await failureOf(s.client.send(s.request, never));
      assert.equal(error.class, "UnsafeEndpoint");
      assert.ok(!error.message.includes(address), "what a name resolves to inside is not told");
      assert.equal(s.other.requests.length, 0);
    });

  it("follows three redirects and not a fourth", async () => {
    await using s = await scene();
    s.registry.setMode("/blobs/", { kind: "redirect", location: "/v2/team/app/1" });
    s.registry.setMode(/app\/1$/, { kind: "redirect", location: "2", status: 302 });
    s.registry.setMode(/app\/2$/, { kind: "redirect", location: "3", status: 308 });
    const last = s.registry.setMode(/app\/3$/, { kind: "bytes", body: "content" });
    assert.equal((await s.client.send(s.request, never)).status, 200);
    last.remove();
    s.registry.setMode(/app\/3$/, { kind: "redirect", location: "4" });
    const error = await failureOf(s.client.send(s.request, never));
    assert.deepEqual(error.failure, { class: "ProtocolError", message: "registry.acme.io: redirects more than 3 times" });
  });

  it("refuses a redirect without a place", async () => {
    await using s = await scene();
    s.registry.setMode("/blobs/", { kind: "status", status: 307 });
    assert.equal((await failureOf(s.client.send(s.request, never))).class, "ProtocolError");
  });

  it("takes a 404 of the target for no answer of the registry", async () => {
    await using s = await scene();
    s.registry.setMode("/blobs/", { kind: "redirect", location: "https://storage.acme.io/signed" });
    s.other.setMode("/signed", { kind: "status", status: 404 });
    assert.equal((await failureOf(s.client.send(s.request, never))).class, "NotFound");
  });
});
