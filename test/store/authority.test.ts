import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Store } from "../../src/engine/store.ts";
import { canary, image, pattern, provider, registryScene, type SceneOptions } from "./fixture.ts";
import { authority } from "../transport/fixture.ts";

const host = "registry.acme.io";
const where = image(`${host}/team/app`);
const plain = provider("plain", [host], [["alice", canary]], { plainHTTPHosts: [host], allowCredentialsOverHTTP: true });
const secure = provider("secure", [host], [["alice", canary]]);

async function withStore<T>(options: SceneOptions, look: (store: Store) => T): Promise<T> {
  await using scene = registryScene({ scopes: ["*"], ...options });
  return look(scene.store);
}
const authorityOf = (options: SceneOptions): Promise<string> => withStore(options, (store) => store.authority(where));
const keyOf = (options: SceneOptions): Promise<string> => withStore(options, (store) => store.locate(where).key);

describe("Store.authority()", () => {
  const bundle = {
    configMaps: { ca: { "ca.crt": authority.pem } },
    config: { caBundleRef: { kind: "ConfigMap", name: "ca", key: "ca.crt" } },
  } as const;
  const rewrite = [{ from: pattern(host), to: image("mirror.acme.io/hub") }];

  it("is the same whatever credential is sent", async () => {
    assert.equal(await authorityOf({}), await authorityOf({ providers: [secure] }));
  });
  it("tells plain HTTP from HTTPS, and one bundle of roots from another or none", async () => {
    const all = [await authorityOf({}), await authorityOf({ providers: [plain] }), await authorityOf(bundle)];
    assert.equal(new Set(all).size, 3);
  });
  it("is of the image's own repository, as it is rewritten, and not of where evidence is kept", async () => {
    const elsewhere = { evidenceRepository: image("evidence.acme.io/all") };
    const plainEvidence = provider("p", ["evidence.acme.io"], [], { plainHTTPHosts: ["evidence.acme.io"] });
    assert.equal(await authorityOf({ config: elsewhere, providers: [plainEvidence] }), await authorityOf({}));
    const plainMirror = provider("p", ["mirror.acme.io"], [], { plainHTTPHosts: ["mirror.acme.io"] });
    assert.notEqual(await authorityOf({ config: { rewrite }, providers: [plainMirror] }), await authorityOf({ config: { rewrite } }));
  });
});

describe("Store.locate()", () => {
  it("tells what is read in plain HTTP from what is read in HTTPS: who answers there may hide what the other would list", async () => {
    assert.deepEqual(
      [await keyOf({}), await keyOf({ providers: [secure] }), await keyOf({ providers: [plain] })],
      [`${host}/team/app`, `${host}/team/app`, `http://${host}/team/app`],
    );
  });
});
