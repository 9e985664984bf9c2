import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ecrError, ecrHostName, ecrPublicHostName, ecrRegistryHost, stsHostName } from "../../support/cloud/aws.ts";
import { forwardTo } from "../../support/cloud/internet.ts";
import { pull } from "../../support/cloud/pull.ts";
import { startRegistry } from "../../support/registry.ts";
import { app, asked, type AwsScene, awsScene } from "./support.ts";

const hour = 3_600_000;
const registries = ["*.dkr.ecr.*.amazonaws.com", "public.ecr.aws"];
const pulled = ({ scene, provider }: AwsScene, name: string): Promise<string> => pull(scene, { provider, registries, name });

/** `METHOD path scheme` of what a host was sent, without queries. */
function sentTo({ internet }: AwsScene, host: string): readonly string[] {
  return internet.at(host).map(({ method, path, headers, status }) => {
    const [scheme = ""] = (headers.authorization ?? "nothing").split(" ");
    return `${method} ${path.replace(/[?].*/, "")} ${scheme}: ${status}`;
  });
}

describe("an image of a private registry of Amazon ECR", () => {
  it("is read with the token as a password, from a registry that has images", async () => {
    await using registry = await startRegistry();
    registry.pushImage("acme/app", { tag: "latest" });
    await using scene = await awsScene();
    scene.internet.set(ecrRegistryHost, scene.cloud.registry(forwardTo(registry.origin)));
    assert.equal(await pulled(scene, app), "200");
    assert.deepEqual(sentTo(scene, ecrRegistryHost), ["GET /v2/ nothing: 401", "GET /v2/acme/app/manifests/latest Basic: 200"]);
    // What reached the registry behind it.
    assert.deepEqual(
      registry.requests.map(({ path, status }) => `${path} ${status}`),
      ["/v2/acme/app/manifests/latest 200"],
    );
  });

  it("is read with a token that is fetched anew, once, where the registry calls the one we have expired (403)", async () => {
    await using scene = await awsScene();
    assert.equal(await pulled(scene, app), "200");
    for (const password of scene.cloud.passwords.keys()) scene.cloud.passwords.set(password, 0);
    await scene.clock.advance(hour / 2);
    assert.equal(await pulled(scene, app), "200");
    assert.deepEqual(sentTo(scene, ecrRegistryHost).slice(2), [
      "GET /v2/acme/app/manifests/latest Basic: 403",
      "GET /v2/acme/app/manifests/latest Basic: 200",
    ]);
    // With the session that was there.
    assert.equal(scene.internet.at(stsHostName).length, 1);
    assert.equal(scene.internet.at(ecrHostName).length, 2);
  });

  it("stays refused where the new one is refused too, and nobody is asked for more of them at the registry's pace", async () => {
    await using scene = await awsScene();
    const expired = { errors: [{ code: "DENIED", message: "Your authorization token has expired. Reauthenticate and try again." }] };
    scene.internet.set(ecrRegistryHost, ({ headers }) =>
      headers.authorization === undefined
        ? { status: 401, headers: { "www-authenticate": 'Basic realm="x",service="ecr.amazonaws.com"' } }
        : { status: 403, body: expired },
    );
    for (let time = 0; time < 5; time += 1) assert.match(await pulled(scene, app), /^AuthenticationFailed: /);
    assert.equal(scene.internet.at(ecrHostName).length, 1);
    await scene.clock.advance(61_000);
    for (let time = 0; time < 5; time += 1) assert.match(await pulled(scene, app), /^AuthenticationFailed: /);
    assert.equal(scene.internet.at(ecrHostName).length, 2);
  });

  it("that the role may not read is no reason for another token", async () => {
    await using scene = await awsScene();
    const denied = { errors: [{ code: "DENIED", message: "User: arn:… is not authorized to perform: ecr:BatchGetImage" }] };
    scene.internet.set(
      ecrRegistryHost,
      scene.cloud.registry(() => ({ status: 403, body: denied })),
    );
    await scene.clock.advance(61_000);
    for (let time = 0; time < 3; time += 1) assert.match(await pulled(scene, app), /^AuthorizationDenied: /);
    assert.equal(scene.internet.at(ecrHostName).length, 1);
  });

  it("is read while AWS is down, for as long as the token is good, and not after", async () => {
    await using scene = await awsScene();
    assert.equal(await pulled(scene, app), "200");
    scene.internet.set(stsHostName, () => ({ status: 503 }));
    scene.internet.set(ecrHostName, () => ecrError(500, "ServerException"));
    await scene.clock.advance(11 * hour);
    assert.equal(await pulled(scene, app), "200");
    await scene.clock.advance(hour);
    await assert.rejects(pulled(scene, app), {
      reason: "IdentityUnreachable",
      message: "AWS STS in eu-west-1 fails (503); it is asked again",
    });
    assert.equal(sentTo(scene, ecrRegistryHost).length, 3);
  });
});

describe("an image of the public gallery", () => {
  it("is read with a token of its own realm, which it gives to the user AWS", async () => {
    await using scene = await awsScene();
    assert.equal(await pulled(scene, "public.ecr.aws/acme/app"), "200");
    assert.deepEqual(sentTo(scene, "public.ecr.aws"), [
      "GET /v2/ nothing: 401",
      "GET /token/ Basic: 200",
      "GET /v2/acme/app/manifests/latest Bearer: 200",
    ]);
    assert.deepEqual(asked(scene).slice(0, 2), ["POST sts.us-east-1.amazonaws.com/", "POST api.ecr-public.us-east-1.amazonaws.com/"]);
  });

  it("is read with another token of the realm where that has expired (400), and with another password where that has (400 as well)", async () => {
    await using scene = await awsScene();
    const name = "public.ecr.aws/acme/app";
    await pulled(scene, name);
    for (const password of scene.cloud.passwords.keys()) scene.cloud.passwords.set(password, 0);
    await scene.clock.advance(2 * hour);
    assert.equal(await pulled(scene, name), "200");
    const sent = sentTo(scene, "public.ecr.aws").slice(3);
    assert.deepEqual(sent.slice(-2), ["GET /token/ Basic: 200", "GET /v2/acme/app/manifests/latest Bearer: 200"]);
    assert.ok(sent.includes("GET /token/ Basic: 400"), sent.join(", "));
    assert.equal(scene.internet.at(ecrPublicHostName).length, 2);
  });
});
