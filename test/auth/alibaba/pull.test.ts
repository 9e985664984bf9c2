import assert from "node:assert/strict";
import { it } from "node:test";
import { alibabaConfig, alibabaRegistry, alibabaTokenService } from "../../support/cloud/alibaba.ts";
import { pull } from "../../support/cloud/pull.ts";
import { alibabaScene, image } from "./support.ts";

const registries = ["*.*.cr.aliyuncs.com"];

it("alibabaAcrAuth(): the temporary password goes to the token service of the registry's region, and what that gives to the registry", async () => {
  await using alibaba = await alibabaScene(alibabaConfig);
  assert.equal(await pull(alibaba.scene, { provider: alibaba.provider, registries, name: image }), "200");
  const sent = [...alibaba.internet.at(alibabaRegistry), ...alibaba.internet.at(alibabaTokenService)].map(({ site, path, headers }) => {
    return `${site}${path.replace(/[?].*/, "")} ${(headers.authorization ?? "nothing").split(" ")[0]}`;
  });
  assert.deepEqual(sent, [
    `${alibabaRegistry}/v2/ nothing`,
    `${alibabaRegistry}/v2/acme/app/manifests/latest Bearer`,
    `${alibabaTokenService}/auth Basic`,
  ]);
  const [token] = alibaba.internet.at(alibabaTokenService);
  assert.equal(new URL(token?.path ?? "", "https://x").searchParams.get("scope"), "repository:acme/app:pull");
});

it("alibabaAcrAuth(): a registry that names the token service of another region, or another host, gets no password there", async () => {
  for (const realm of ["https://dockerauth.cn-shanghai.aliyuncs.com/auth", "https://evil.example/auth"]) {
    const host = new URL(realm).hostname;
    await using alibaba = await alibabaScene(alibabaConfig, {
      sites: {
        [alibabaRegistry]: () => ({ status: 401, headers: { "www-authenticate": `Bearer realm="${realm}",service="x"` } }),
        [host]: () => ({ status: 200, body: { token: "x" } }),
      },
    });
    const said = await pull(alibaba.scene, { provider: alibaba.provider, registries, name: image });
    assert.match(said, /^UnsafeEndpoint: .+ which tokenHosts does not declare for this registry$/);
    assert.deepEqual(alibaba.internet.at(host), []);
  }
});
