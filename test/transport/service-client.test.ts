import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { Secret } from "../../src/kernel/secret.ts";
import type { ServiceExchange } from "../../src/transport/service-client.ts";
import { ManualClock } from "../support/clock.ts";
import { startInternet } from "../support/cloud/internet.ts";
import { canary, drive, failureOf, never, transport } from "./fixture.ts";

const host = "login.example.com";
const metadata = "169.254.169.254";

function request(url: string, more: Partial<ServiceExchange> = {}): ServiceExchange {
  return { url: new URL(url), hosts: [host, metadata], method: "GET", headers: {}, reach: "service", ...more };
}

describe("ServiceClient.send()", () => {
  it("sends what an SDK says, and gives every status as an answer", async () => {
    await using internet = await startInternet({
      [host]: () => ({ status: 429, headers: { "retry-after": "7" }, body: { error: "slow" } }),
    });
    await using client = transport({ network: internet.network });
    const response = await client.service.send(
      request(`https://${host}/token?a=1`, {
        method: "POST",
        headers: { Authorization: new Secret(`Bearer ${canary}`), "X-Amz-Target": new Secret("T"), Host: new Secret("evil.example") },
        body: new Secret(new TextEncoder().encode("form=1")),
      }),
      never,
    );
    assert.equal(response.status, 429);
    assert.equal(response.headers.get("retry-after"), "7");
    const [seen] = internet.requests;
    assert.deepEqual(
      [seen?.method, seen?.path, seen?.body, seen?.headers.authorization, seen?.headers["x-amz-target"], seen?.headers.host],
      ["POST", "/token?a=1", "form=1", `Bearer ${canary}`, "T", host],
    );
  });

  it("follows no redirect", async () => {
    await using internet = await startInternet({
      [host]: () => ({ status: 302, headers: { location: "https://evil.example/" } }),
      "evil.example": () => ({ status: 200 }),
    });
    await using client = transport({ network: internet.network });
    assert.equal((await client.service.send(request(`https://${host}/`), never)).status, 302);
    assert.deepEqual(internet.at("evil.example"), []);
  });

  const refused: readonly (readonly [string, string, Partial<ServiceExchange>])[] = [
    ["a host that the request was not made for", "https://evil.example/", {}],
    ["a host that ends like one", `https://evil-${host}/`, {}],
    ["a host that begins like one", `https://${host}.evil.example/`, {}],
    ["plain HTTP", `http://${host}/`, {}],
    ["the metadata service as a service", `http://${metadata}/`, {}],
    ["a user in the URL", `https://${host}@${host}/`, {}],
    ["a scheme of another kind", `ftp://${host}/`, { reach: "instance" }],
  ];
  for (const [name, url, more] of refused) {
    it(`refuses ${name}, and looks nothing up`, async () => {
      await using internet = await startInternet({ [host]: () => ({ status: 200 }), [`${metadata}:80`]: () => ({ status: 200 }) });
      await using client = transport({ network: internet.network });
      const error = await failureOf(client.service.send(request(url, { ...more, headers: { authorization: new Secret(canary) } }), never));
      assert.equal(error.class, "UnsafeEndpoint");
      assert.ok(!inspect(error).includes(canary));
      assert.deepEqual([internet.requests, internet.lookedUp], [[], []]);
    });
  }

  it("reaches the metadata service of this machine, and no other address, where it is asked for that", async () => {
    await using internet = await startInternet(
      { [host]: () => ({ status: 200 }), [`${metadata}:80`]: () => ({ status: 200, body: "me" }) },
      { addresses: { [host]: "10.0.0.7" } },
    );
    await using client = transport({ network: internet.network });
    const answer = await client.service.send(request(`http://${metadata}/latest`, { reach: "instance", method: "PUT" }), never);
    assert.equal(new TextDecoder().decode(answer.body), "me");
    const elsewhere = await failureOf(client.service.send(request(`http://${host}/`, { reach: "instance" }), never));
    assert.deepEqual(elsewhere.failure, { class: "UnsafeEndpoint", message: `${host}: the host is no metadata service of a cloud` });
  });

  it("does not reach the metadata service by a name that leads there", async () => {
    await using internet = await startInternet({ [host]: () => ({ status: 200 }) }, { addresses: { [host]: metadata } });
    await using client = transport({ network: internet.network });
    assert.equal((await failureOf(client.service.send(request(`https://${host}/`), never))).class, "UnsafeEndpoint");
    assert.deepEqual(internet.requests, []);
  });

  it("reaches a private endpoint of a cloud's service", async () => {
    await using internet = await startInternet({ [host]: () => ({ status: 200 }) }, { addresses: { [host]: "10.0.0.7" } });
    await using client = transport({ network: internet.network });
    assert.equal((await client.service.send(request(`https://${host}/`), never)).status, 200);
  });

  it("reads no more than it has to", async () => {
    await using internet = await startInternet({ [host]: () => ({ status: 200, body: "x".repeat(300_000) }) });
    await using client = transport({ network: internet.network });
    assert.equal((await failureOf(client.service.send(request(`https://${host}/`), never))).class, "ProtocolError");
    assert.equal((await client.service.send(request(`https://${host}/`, { limitBytes: 300_000 }), never)).body.length, 300_000);
  });

  it("believes no certificate but one for the name", async () => {
    await using internet = await startInternet({ [host]: () => ({ status: 200 }) });
    await using client = transport({ network: { ...internet.network, caPem: undefined as never } });
    assert.equal((await failureOf(client.service.send(request(`https://${host}/`), never))).class, "TLSFailure");
  });

  it("waits for nobody for ever", async () => {
    await using internet = await startInternet({ [host]: () => "hang" });
    const clock = new ManualClock();
    await using client = transport({ network: internet.network, clock });
    const error = await failureOf(drive(clock, 100, client.service.send(request(`https://${host}/`), never)));
    assert.equal(error.class, "Timeout");
  });

  it("ends with its signal", async () => {
    await using internet = await startInternet({ [host]: () => "hang" });
    await using client = transport({ network: internet.network });
    const controller = new AbortController();
    const sent = client.service.send(request(`https://${host}/`), controller.signal);
    while (internet.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    controller.abort(new DOMException("enough", "AbortError"));
    await assert.rejects(sent, { name: "AbortError" });
  });
});
