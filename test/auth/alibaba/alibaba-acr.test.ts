import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { alibabaAmbient, alibabaConfig, alibabaCR, alibabaSites, alibabaSTS, openAPIError } from "../../support/cloud/alibaba.ts";
import { fakeJWT, repositoryOf } from "../../support/cloud/deps.ts";
import { ManualClock } from "../../support/clock.ts";
import type { SeenRequest } from "../../support/cloud/internet.ts";
import { alibabaScene, image } from "./support.ts";

const signal = new AbortController().signal;
const line = ({ site, method, path, status }: SeenRequest): string => `${method} ${site}${path.replace(/[?].*$/, "")} ${status}`;
const { serviceAccountRef: _ref, roleARN: _role, oidcProviderARN: _provider, ...rrsa } = alibabaConfig;

describe("alibabaAcrAuth()", () => {
  it("assumes the role with the token of the ServiceAccount, and asks for a token of the instance that the host has", async () => {
    await using alibaba = await alibabaScene(alibabaConfig);
    assert.equal(await alibaba.ask(), "basic cr_temp_user token.1");
    assert.deepEqual(alibaba.internet.requests.map(line), [`POST ${alibabaSTS}/ 200`, `POST ${alibabaCR}/ 200`]);
    assert.deepEqual(alibaba.scene.tokenRequests, ["countersign/reader sts.aliyuncs.com"]);
    const [role, token] = alibaba.internet.requests;
    const query = new URL(role?.path ?? "", "https://x").searchParams;
    assert.match(query.get("SignatureNonce") ?? "", /^[-0-9a-f]{36}$/);
    query.delete("SignatureNonce");
    assert.deepEqual(Object.fromEntries(query), {
      Action: "AssumeRoleWithOIDC",
      Version: "2015-04-01",
      Format: "JSON",
      RoleSessionName: "countersign",
      Timestamp: "2026-01-01T00:00:00Z",
    });
    assert.deepEqual([...new URLSearchParams(role?.body).keys()], ["RoleArn", "OIDCProviderArn", "OIDCToken"]);
    assert.equal(token?.path, "/?InstanceId=cri-acme1");
    assert.equal(token?.headers["x-acs-action"], "GetAuthorizationToken");
    assert.equal(token?.body, "");
  });

  it("uses what RRSA's webhook put into the operator's pod, where the object names no ServiceAccount", async () => {
    const token = fakeJWT({ aud: ["sts.aliyuncs.com"] }, new ManualClock());
    await using alibaba = await alibabaScene(rrsa, { ambient: { alibaba: alibabaAmbient }, files: { [alibabaAmbient.tokenFile]: token } });
    assert.equal(await alibaba.ask(), "basic cr_temp_user token.1");
    assert.deepEqual(alibaba.scene.tokenRequests, []);
  });

  it("says which file is missing, and which fields, where there is no RRSA", async () => {
    await using nothing = await alibabaScene(rrsa);
    assert.equal(
      await nothing.ask(),
      "IdentityNotFound: The operator's pod has no identity in this cloud, and serviceAccountRef is not set",
    );
    await using noFile = await alibabaScene(rrsa, { ambient: { alibaba: alibabaAmbient } });
    assert.equal(
      await noFile.ask(),
      "IdentityNotFound: the token file of the operator's pod (ALIBABA_CLOUD_OIDC_TOKEN_FILE) does not exist: is the identity webhook of the cloud at work here?",
    );
    await using noRole = await alibabaScene({ ...rrsa, serviceAccountRef: { name: "reader" } });
    assert.equal(
      await noRole.ask(),
      "IdentityNotFound: The environment of the operator's pod names no role of Alibaba Cloud (RRSA): set roleARN and oidcProviderARN",
    );
    for (const scene of [nothing, noFile, noRole]) assert.deepEqual(scene.internet.requests, []);
  });

  it("takes a tenant's token from the tenant's own namespace, and nothing from the environment of the operator's pod", async () => {
    const namespace = "team-a";
    await using own = await alibabaScene(alibabaConfig, { namespace });
    assert.equal(await own.ask(), "basic cr_temp_user token.1");
    assert.deepEqual(own.scene.tokenRequests, ["team-a/reader sts.aliyuncs.com"]);
    const files = { [alibabaAmbient.tokenFile]: "token" };
    await using ambient = await alibabaScene(rrsa, { namespace, ambient: { alibaba: alibabaAmbient }, files });
    assert.equal(
      await ambient.ask(),
      "IdentityNotFound: A NamespacedAuthProvider uses the token of a ServiceAccount: set serviceAccountRef",
    );
    await using role = await alibabaScene(
      { ...rrsa, serviceAccountRef: { name: "reader" } },
      { namespace, ambient: { alibaba: alibabaAmbient } },
    );
    assert.match(await role.ask(), /^IdentityNotFound: .+ set roleARN and oidcProviderARN$/);
    assert.deepEqual([...ambient.internet.requests, ...role.internet.requests], []);
  });

  it("asks the older API for a host of the Personal Edition, which has no instances", async () => {
    await using alibaba = await alibabaScene(alibabaConfig, { registries: ["registry.cn-hangzhou.aliyuncs.com"] });
    assert.equal(await alibaba.ask("registry.cn-hangzhou.aliyuncs.com/acme/app"), "basic cr_temp_user token.1");
    assert.deepEqual(alibaba.internet.requests.map(line), [`POST ${alibabaSTS}/ 200`, `GET ${alibabaCR}/tokens 200`]);
    assert.equal(alibaba.internet.requests[1]?.headers["x-acs-version"], "2016-06-07");
    alibaba.internet.set(alibabaCR, () => ({ status: 403, body: { requestId: "4C467B38-3910", code: "UNAUTHORIZED", message: "prose" } }));
    await alibaba.clock.advance(61 * 60_000);
    assert.equal(
      await alibaba.ask("registry.cn-hangzhou.aliyuncs.com/acme/app"),
      `RegistryRefused: Alibaba Cloud Container Registry gives ${alibabaConfig.roleARN} no token of the Personal Edition in cn-hangzhou (UNAUTHORIZED): allow the role cr:GetAuthorizationToken and cr:PullRepository there`,
    );
  });

  it("asks the endpoints of the region's VPC if told so", async () => {
    await using alibaba = await alibabaScene({ ...alibabaConfig, endpoints: "VPC" });
    assert.equal(await alibaba.ask(), "basic cr_temp_user token.1");
    assert.deepEqual(alibaba.internet.lookedUp, ["sts-vpc.cn-hangzhou.aliyuncs.com", "cr-vpc.cn-hangzhou.aliyuncs.com"]);
  });

  it("asks once for 100 callers, once for each instance, and for one role", async () => {
    await using alibaba = await alibabaScene(alibabaConfig);
    const hosts = alibabaConfig.instances.map(({ host }) => host);
    const asked = Array.from({ length: 100 }, (_, at) =>
      alibaba.provider.credentials(repositoryOf(`${hosts[at % 3]}/acme/app${at}`), signal),
    );
    const answers = await Promise.all(asked);
    assert.equal(new Set(answers.map(([first]) => first?.revision)).size, 2);
    assert.deepEqual(alibaba.internet.requests.map(({ site }) => site).toSorted(), [
      "cr.ap-southeast-1.aliyuncs.com",
      alibabaCR,
      alibabaSTS,
    ]);
  });

  it("tells who it acts as, when the first of its tokens ends and when it was fetched", async () => {
    await using alibaba = await alibabaScene(alibabaConfig, { lifeSeconds: 999_999 });
    assert.equal(alibaba.provider.state().reason, "NotRequested");
    await alibaba.ask();
    assert.deepEqual(alibaba.provider.state(), {
      ready: true,
      reason: "Resolved",
      message: `Alibaba Cloud Container Registry takes credentials of ${alibabaConfig.roleARN}`,
      warnings: [],
      identity: alibabaConfig.roleARN,
      expiresAt: alibaba.clock.now() + 3_600_000,
      lastRefresh: alibaba.clock.now(),
    });
  });

  it("serves a token to its end while no new one can be had, and never past it", async () => {
    await using alibaba = await alibabaScene(alibabaConfig);
    const first = await alibaba.ask();
    alibaba.internet.set(alibabaCR, () => ({ status: 500 }));
    await alibaba.clock.advance(50 * 60_000);
    assert.equal(await alibaba.ask(), first);
    await alibaba.clock.advance(11 * 60_000);
    assert.equal(await alibaba.ask(), "IdentityUnreachable: Alibaba Cloud Container Registry fails (500); it is asked again");
  });

  it("assumes the role once more where its session is no longer taken", async () => {
    await using alibaba = await alibabaScene(alibabaConfig);
    await alibaba.ask();
    const answer = alibabaSites({ clock: alibaba.clock })[alibabaCR];
    assert.ok(answer !== undefined);
    // The role was assumed for the first instance, and its session is revoked before anybody asks for the second.
    alibaba.internet.set("cr.ap-southeast-1.aliyuncs.com", (request, wire) =>
      String(request.headers["x-acs-accesskey-id"]).endsWith(".1")
        ? openAPIError(400, "InvalidSecurityToken.Expired")
        : answer(request, wire),
    );
    await alibaba.clock.advance(61_000);
    assert.equal(await alibaba.ask("acme-registry.ap-southeast-1.cr.aliyuncs.com/acme/app"), "basic cr_temp_user token.1");
    assert.equal(alibaba.internet.at(alibabaSTS).length, 2);
  });

  it("does not assume roles at the pace of a service that takes none", async () => {
    await using alibaba = await alibabaScene(alibabaConfig, {
      sites: { [alibabaCR]: () => openAPIError(404, "InvalidAccessKeyId.NotFound") },
    });
    const expected = `IdentityRefused: Alibaba Cloud Container Registry does not take the credentials of ${alibabaConfig.roleARN} (InvalidAccessKeyId.NotFound): was its session revoked?`;
    for (let attempt = 0; attempt < 5; attempt += 1) {
      assert.equal(await alibaba.ask(), expected);
      await alibaba.clock.advance(11_000);
    }
    assert.equal(alibaba.internet.at(alibabaSTS).length, 1);
  });

  it("gives nothing to a host that its instances have not, and asks nobody", async () => {
    await using alibaba = await alibabaScene(alibabaConfig, { registries: ["*.*.cr.aliyuncs.com", "*.evil.example"] });
    for (const host of ["other-registry.cn-hangzhou.cr.aliyuncs.com", "acme-registry.evil.example"]) {
      const message = `AuthProvider/acme gives credentials to the hosts in its instances only, and ${host} is none of them`;
      assert.equal(await alibaba.ask(`${host}/acme/app`), `HostNotAllowed: ${message}`);
    }
    assert.deepEqual(alibaba.internet.requests, []);
  });

  it("keeps one instance that is refused apart from the others", async () => {
    const refused = "cr.ap-southeast-1.aliyuncs.com";
    await using alibaba = await alibabaScene(alibabaConfig, { sites: { [refused]: () => openAPIError(403, "NoPermission") } });
    const expected = `Alibaba Cloud Container Registry gives ${alibabaConfig.roleARN} no token of cri-acme2 in ap-southeast-1 (NoPermission): allow the role cr:GetAuthorizationToken and cr:PullRepository there`;
    assert.equal(await alibaba.ask(image), "basic cr_temp_user token.1");
    assert.equal(await alibaba.ask("acme-registry.ap-southeast-1.cr.aliyuncs.com/acme/app"), `RegistryRefused: ${expected}`);
    const { ready, warnings } = alibaba.provider.state();
    assert.deepEqual([ready, warnings], [true, [expected]]);
    assert.match(alibaba.scene.log.join("\n"), /"requestId":"4C467B38-3910-447D-87BC-AC049166F216"/);
  });
});
