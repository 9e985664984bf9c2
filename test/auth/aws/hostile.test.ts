import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { image } from "../../oci/support.ts";
import { awsCloud, ecrHostName, stsHostName } from "../../support/cloud/aws.ts";
import type { Site } from "../../support/cloud/internet.ts";
import { ManualClock } from "../../support/clock.ts";
import { app, awsScene, never, passwordOf, refusalOf } from "./support.ts";

const evil = "https://evil.example/";

/** Reason and sentence of a service that is not itself, at whichever of the two hosts. */
const modes: readonly (readonly [string, Site, RegExp])[] = [
  ["ends the connection", () => "cut", /cannot be reached \(ConnectionReset\): .*connection/],
  [
    "redirects to another host",
    () => ({ status: 302, headers: { location: evil } }),
    /answers with a redirect \(302\), which is not followed$/,
  ],
  [
    "redirects with the body",
    () => ({ status: 307, headers: { location: evil } }),
    /answers with a redirect \(307\), which is not followed$/,
  ],
  ["redirects to the node", () => ({ status: 301, headers: { location: "http://169.254.169.254/" } }), /answers with a redirect \(301\)/],
  [
    "answers a page for people",
    () => ({ status: 200, headers: { "content-type": "text/html" }, body: "<html>secret</html>" }),
    /answered what cannot be read/,
  ],
  ["answers nothing", () => ({ status: 200 }), /answered what cannot be read/],
  ["answers without end", () => ({ status: 200, body: "x".repeat(300_000) }), /longer than 65536 bytes/],
  ["answers deep JSON", () => ({ status: 200, body: "[".repeat(50_000) }), /answered what cannot be read/],
  ["fails", () => ({ status: 500, body: "secret" }), /fails \(500\); it is asked again$/],
  ["fails behind a gateway", () => ({ status: 502, body: "<html>secret" }), /fails \(502\)/],
  ["wants patience", () => ({ status: 429, headers: { "retry-after": "7" } }), /is asked too often \(429\)/],
];

for (const [host, name] of [
  [stsHostName, "AWS STS in eu-west-1"],
  [ecrHostName, "Amazon ECR of eu-west-1"],
] as const) {
  describe(`${name}, where it is not itself,`, () => {
    for (const [what, site, message] of modes) {
      it(`${what}: no credential, and no word of it`, async () => {
        await using scene = await awsScene();
        scene.internet.set(host, site);
        const refusal = await refusalOf(scene.provider);
        assert.match(refusal.message, message);
        assert.ok(refusal.message.startsWith(name), refusal.message);
        assert.ok(["IdentityUnreachable", "Throttled"].includes(refusal.reason), refusal.reason);
        assert.equal(refusal.remedy, "retry");
        assert.equal(scene.internet.at(host).length, 1);
        assert.deepEqual(
          scene.internet.lookedUp.filter((looked) => looked.includes("evil")),
          [],
        );
        assert.doesNotMatch(inspect([refusal, scene.scene.log, scene.provider.state()], { depth: 20 }), /secret<|<html>|"secret"/);
      });
    }

    it("is not waited for past the deadline", async () => {
      await using scene = await awsScene();
      scene.internet.set(host, () => "hang");
      const asking = refusalOf(scene.provider);
      while (scene.internet.at(host).length === 0) await scene.clock.settle();
      await scene.clock.advance(10_000);
      assert.equal((await asking).reason, "IdentityUnreachable");
      assert.match((await asking).message, /no answer within 5000 ms|within 10000 ms/);
    });

    it("is not waited for by who has given up, and the next who asks gets what came", async () => {
      await using scene = await awsScene();
      const { promise: held, resolve: release } = Promise.withResolvers<void>();
      const site = host === stsHostName ? scene.cloud.sts : scene.cloud.ecr;
      scene.internet.set(host, async (request, wire) => {
        await held;
        return await site(request, wire);
      });
      const controller = new AbortController();
      const asking = scene.provider.credentials(image(app), controller.signal);
      while (scene.internet.at(host).length === 0) await scene.clock.settle();
      controller.abort(new DOMException("gone", "AbortError"));
      await assert.rejects(asking, { name: "AbortError" });
      release();
      assert.match(await passwordOf(scene.provider), /^AWS /);
      assert.equal(scene.internet.at(host).length, 1);
    });

    it("is not asked where its name leads to this node", async () => {
      const clock = new ManualClock();
      for (const address of ["169.254.169.254", "0.0.0.0"]) {
        await using scene = await awsScene({}, { clock, addresses: { [host]: address } });
        const refusal = await refusalOf(scene.provider);
        assert.deepEqual([refusal.reason, scene.internet.at(host)], ["IdentityUnreachable", []]);
        assert.match(refusal.message, /link-local, a metadata service/);
      }
    });
  });
}

describe("secrets of AWS", () => {
  it("are in no state, log, message or print of a provider that works, nor in one that fails", async () => {
    await using scene = await awsScene();
    const credentials = await scene.provider.credentials(image(app), never);
    scene.internet.set("api.ecr-public.us-east-1.amazonaws.com", () => ({ status: 400, body: scene.internet.requests[0]?.body ?? "" }));
    const refusal = await refusalOf(scene.provider, "public.ecr.aws/acme/app");
    const printed = [
      inspect([scene.provider, credentials, refusal], { depth: 20, showHidden: true }),
      JSON.stringify([scene.provider.state(), credentials, refusal, scene.scene.log]),
      String(refusal.stack),
      String(refusal.cause),
    ].join("\n");
    for (const secret of [
      "secret-key-",
      "session-token-",
      "ecr:password",
      "ASIA",
      "eyJ",
      Buffer.from("AWS:ecr").toString("base64").slice(0, 8),
    ])
      assert.ok(!printed.includes(secret), secret);
  });

  it("go to no registry that says it is Amazon's", async () => {
    const clock = new ManualClock();
    const evilHost = "123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example";
    await using scene = await awsScene({}, { clock, registries: ["*.dkr.ecr.*.amazonaws.com.evil.example", "registry.evil.example"] });
    scene.internet.set(evilHost, awsCloud(clock).registry());
    for (const host of [evilHost, "registry.evil.example"]) {
      const refusal = await refusalOf(scene.provider, `${host}/app`);
      assert.equal(refusal.reason, "HostNotAllowed");
    }
    assert.deepEqual([scene.internet.requests, scene.scene.tokenRequests], [[], []]);
  });
});
