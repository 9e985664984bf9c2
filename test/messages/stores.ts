import type { Store } from "../../src/engine/store.ts";
import { ManualClock } from "../support/clock.ts";
import type { Mode } from "../support/registry/modes.ts";
import { type Pushed, type RegistryOptions, startRegistry, type TestRegistry } from "../support/registry.ts";
import { collect, descriptor, digest, failureOf, image, registryScene, type SceneOptions, tls } from "../store/fixture.ts";
import { drive } from "../transport/fixture.ts";
import { failureText, type Situation, type Situations } from "./situation.ts";

const never = new AbortController().signal;

interface Asked {
  readonly store: Store;
  readonly registry: TestRegistry;
  readonly pushed: Pushed;
}
type Ask = (asked: Asked) => Promise<unknown>;
const repositoryOf = (registry: TestRegistry): ReturnType<typeof image> => image(`${registry.host}/team/app`);

const resolveTag: Ask = ({ store, registry }) => store.resolve(repositoryOf(registry), { tag: "1" }, never);
const resolveDigest: Ask = ({ store, registry, pushed }) => store.resolve(repositoryOf(registry), { digest: digest(pushed.digest) }, never);
const list: Ask = ({ store, registry, pushed }) => collect(store.listReferrers(repositoryOf(registry), descriptor(pushed), never));
const listTagged: Ask = ({ store, registry, pushed }) => collect(store.listTagged(repositoryOf(registry), descriptor(pushed), never));
const fetch: Ask = ({ store, registry, pushed }) => store.fetch(repositoryOf(registry), descriptor(pushed), never);

/** What is said of a read from a registry whose answers are replaced, by path. */
const read = (
  when: string,
  ask: Ask,
  modes: Readonly<Record<string, Mode>> = {},
  { registry: registryOptions = {}, scene = {} }: { readonly registry?: RegistryOptions; readonly scene?: SceneOptions } = {},
): Situation => ({
  when,
  says: async () => {
    await using registry = await startRegistry({ tls, ...registryOptions });
    const pushed = registry.pushImage("team/app", { tag: "1" });
    for (const [path, mode] of Object.entries(modes)) registry.setMode(new RegExp(path), mode);
    const clock = new ManualClock();
    await using own = registryScene({ clock, scopes: [registry.host], ...scene });
    return failureText((await drive(clock, 50, failureOf(ask({ store: own.store, registry, pushed })))).failure);
  },
});
const bytes = (body: string, type = "application/json"): Mode => ({ kind: "bytes", body, headers: { "content-type": type } });
const status = (code: number, errorCode?: string): Mode => ({
  kind: "status",
  status: code,
  ...(errorCode !== undefined && { body: JSON.stringify({ errors: [{ code: errorCode }] }) }),
});
const index = (manifests: unknown): Mode =>
  bytes(
    JSON.stringify({ schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests }),
    "application/vnd.oci.image.index.v1+json",
  );
const nowhere = { "/manifests/sha256-": status(404, "MANIFEST_UNKNOWN") };
const next = (body: Mode, link: string): Mode =>
  ({ ...body, headers: { "content-type": "application/vnd.oci.image.index.v1+json", link } }) as Mode;

const manifests: Situations = [
  read("a tag does not exist", resolveTag, { "/manifests/1$": status(404, "MANIFEST_UNKNOWN") }),
  read("a repository is not known, or not shown", resolveTag, { "/manifests/1$": status(404, "NAME_UNKNOWN") }),
  read("a digest does not exist", resolveDigest, { "/manifests/sha256:": status(404, "MANIFEST_UNKNOWN") }),
  read("a tag's digest is not that of its bytes", resolveTag, {
    "/manifests/1$": { kind: "headers", headers: { "docker-content-digest": `sha256:${"0".repeat(64)}` } },
  }),
  read("a digest has other bytes", resolveDigest, { "/manifests/sha256:": bytes("{}") }),
  read("a manifest is none", resolveTag, { "/manifests/1$": bytes("{}", "application/vnd.oci.image.manifest.v1+json") }),
  read("a manifest is called an index", resolveTag, {
    "/manifests/1$": { kind: "headers", headers: { "content-type": "application/vnd.oci.image.index.v1+json" } },
  }),
  read("a page for people answers", list, { "/referrers/": bytes("<html>", "text/html") }),
];

const listings: Situations = [
  read("a list of referrers is none", list, { "/referrers/": bytes("{}") }),
  read("a list of referrers has an entry that is none", list, { "/referrers/": index([{}]) }),
  read("a list of referrers goes round", list, { "/referrers/": next(index([]), '<?n=1>; rel="next"') }),
  read("a list of referrers ends badly", list, { "/referrers/": next(index([]), '<?n=1>; rel="next"'), "[?]n=1": status(404) }),
  read(
    "a list of referrers has more pages than are read",
    list,
    { "/referrers/": next(index([]), '<?n=1>; rel="next"') },
    { scene: { limits: { pages: 1 } } },
  ),
  read("a registry has neither referrers nor a tag for them", list, { "/referrers/": status(400), ...nowhere }),
  read("a list is of a repository that is not known", list, {
    "/referrers/": status(404, "NAME_UNKNOWN"),
    "/manifests/sha256-": status(404, "NAME_UNKNOWN"),
  }),
  read("nothing shows that a repository may be read", list, {
    "/referrers/": status(404),
    ...nowhere,
    "/manifests/sha256:": status(404),
    "/tags/list": bytes("{}"),
  }),
  read(
    "the manifest under cosign's tag is too long",
    listTagged,
    { "/manifests/sha256-": { kind: "huge", bytes: 5_000_000 } },
    { scene: { limits: { manifestBytes: 1000 } } },
  ),
];

const contents: Situations = [
  read("content is not there", fetch, { "/manifests/sha256:": status(404, "MANIFEST_UNKNOWN") }),
  read("content is shorter than it was said to be", fetch, { "/manifests/sha256:": bytes("{}") }),
  {
    when: "content has other bytes than its digest says",
    says: async () => {
      await using registry = await startRegistry({ tls });
      const pushed = registry.pushImage("team/app", { tag: "1" });
      registry.setMode(/sha256:/, { kind: "bytes", body: "x".repeat(pushed.size) });
      await using own = registryScene({ scopes: [registry.host] });
      return failureText((await failureOf(fetch({ store: own.store, registry, pushed }))).failure);
    },
  },
  read("content is larger than the Store reads", fetch, {}, { scene: { limits: { manifestBytes: 10 } } }),
  read("a Store's time runs out", fetch, { "/manifests/sha256:": { kind: "hang" } }),
];

const caBundleRef = { kind: "ConfigMap", name: "acme-ca", key: "ca.crt" } as const;
const rooted = (when: string, data?: Readonly<Record<string, string>>): Situation =>
  read(when, resolveTag, {}, { scene: { config: { caBundleRef }, ...(data !== undefined && { configMaps: { "acme-ca": data } }) } });
const probed = (when: string, mode: Mode): Situation => ({
  when,
  says: async () => {
    await using registry = await startRegistry({ tls });
    registry.setMode(/./, mode);
    await using own = registryScene({ scopes: [registry.host] });
    const { failure } = await own.store.probe(registry.host, never);
    return failure === undefined ? "" : failureText(failure);
  },
});

const hosts: Situations = [
  rooted("a CA bundle's ConfigMap does not exist"),
  rooted("a CA bundle's ConfigMap has no such key", {}),
  rooted("a CA bundle is too long", { "ca.crt": "x".repeat(2_000_000) }),
  rooted("a CA bundle has no certificate", { "ca.crt": "x" }),
  rooted("a CA bundle has a certificate that is none", { "ca.crt": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----" }),
  probed("a probed host is no registry", status(404)),
  probed("a probed host shows a page for people", bytes("<html>", "text/html")),
];

export const stores: Situations = [...manifests, ...listings, ...contents, ...hosts];
