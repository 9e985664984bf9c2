import type { StoreLimits } from "../../api/store.ts";
import { limitExceeded } from "../../engine/limits.ts";
import { StoreError } from "../../engine/store.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import { asObject, field, parseJSON } from "../../oci/json.ts";
import { parseListing } from "../../oci/manifest.ts";
import { mediaTypes } from "../../oci/media-type.ts";
import { cosignSignatureTag, referrersTag } from "../../oci/referrer-tag.ts";
import { registryOf } from "../../oci/repository.ts";
import type { RegistryResponse } from "../../transport/request.ts";
import { type RegistryClient, storeError } from "./client.ts";
import type { Target } from "./locations.ts";
import { describeManifest, longestManifest, manifestRead } from "./manifest.ts";
import type { Memory } from "./memory.ts";

/** What a listing needs of its Store. */
export interface ListingContext {
  readonly client: RegistryClient;
  readonly memory: Memory;
  readonly target: Target;
  /** Name of the Store, and what it allows for. */
  readonly store: string;
  readonly limits: StoreLimits;
  /** The subject's own manifest lies in the repository that is listed: a read of it proves that the repository can be read. */
  readonly holdsSubject: boolean;
}

/** distribution-spec v1.1.1 §pulling-manifests. */
const longestTag = 128;
/** They say as clearly as 404 that there is no such endpoint, but only a tag that is found makes them count: empty wants 404 (design 6.2). */
const noSuchEndpoint = [400, 405, 406, 501];

/** How a listing begins. */
type Start =
  | { readonly kind: "api"; readonly page: RegistryResponse }
  | { readonly kind: "tag"; readonly index: RegistryResponse }
  | { readonly kind: "empty" }
  /** The answers were given to different credentials: nothing follows from them together. */
  | { readonly kind: "mixed" };

/**
 * Referrers API, or the fallback tag where there is none. Ends without throwing exactly if the listing is complete; empty is proven, not assumed (design 6.2).
 * distribution-spec v1.1.1 §listing-referrers.
 */
export async function* listReferrers(
  context: ListingContext,
  subject: Digest,
  signal: AbortSignal,
): AsyncGenerator<Descriptor, void, undefined> {
  let start = await begin(context, subject, signal);
  // By now the registry has said what it wants, so that all requests carry the same.
  if (start.kind === "mixed") start = await begin(context, subject, signal);
  switch (start.kind) {
    case "api":
      yield* pages(context, start.page, signal);
      return;
    case "tag":
      yield* readPage(context, start.index, "the index under the referrers tag");
      return;
    case "empty":
      return;
    case "mixed":
      throw storeError("NotFound", context.target, "does not show to one and the same credential that the repository can be read");
  }
}

/** cosign's `.sig` tag: zero or one descriptor, and none only where the repository can be read. */
export async function* listTagged(
  context: ListingContext,
  subject: Digest,
  signal: AbortSignal,
): AsyncGenerator<Descriptor, void, undefined> {
  const { memory, target } = context;
  const tag = cosignSignatureTag(subject);
  // Of a sha512 subject: no registry can hold a tag that long.
  if (tag.length > longestTag) return;
  for (let round = 1; ; round += 1) {
    const response = await readTagged(context, tag, signal);
    if (response.status !== 404) {
      const descriptor = describeManifest(response, target);
      memory.learnReadable(target.repository, response.sentAs);
      memory.keepContent(target.repository, descriptor.digest, response.body);
      yield descriptor;
      return;
    }
    refuseUnknownName(context, response);
    if (await isReadable(context, { subject, sentAs: response.sentAs, signal })) return;
    if (round === 2) throw storeError("NotFound", target, "does not show to one and the same credential that the repository can be read");
  }
}

/** Anybody who may push decides how long it is, and it is parsed before anybody has asked for it. */
async function readTagged({ client, limits, store, target }: ListingContext, tag: string, signal: AbortSignal): Promise<RegistryResponse> {
  try {
    return await client.read(target, manifestRead(tag, { limitBytes: limits.manifestBytes }), signal);
  } catch (error) {
    if (!(error instanceof StoreError) || error.class !== "LimitExceeded") throw error;
    const what = `${registryOf(target.repository)}: the manifest under cosign's tag is longer`;
    throw new StoreError(limitExceeded(what, { limit: "manifestBytes", limits, store }), { cause: error });
  }
}

async function begin(context: ListingContext, subject: Digest, signal: AbortSignal): Promise<Start> {
  const { memory, target } = context;
  const isRemembered = memory.referrersAPI(target.repository) === "Unsupported";
  let api = isRemembered ? undefined : await askAPI(context, subject, signal);
  if (api?.status === 200) return { kind: "api", page: api };
  const tag = await context.client.read(target, manifestRead(referrersTag(subject)), signal);
  if (tag.status !== 404) {
    memory.learnReferrersAPI(target.repository, "Unsupported");
    return { kind: "tag", index: tag };
  }
  refuseUnknownName(context, tag);
  // What was remembered may have changed since, and "nothing there" is not to rest on it.
  api ??= await askAPI(context, subject, signal);
  if (api.status === 200) return { kind: "api", page: api };
  if (api.status !== 404) throw storeError("ProtocolError", target, `answers ${api.status} instead of referrers, and has no tag for them`);
  if (api.sentAs !== tag.sentAs || !(await isReadable(context, { subject, sentAs: tag.sentAs, signal }))) return { kind: "mixed" };
  memory.learnReferrersAPI(target.repository, "Unsupported");
  return { kind: "empty" };
}

async function askAPI(context: ListingContext, subject: Digest, signal: AbortSignal): Promise<RegistryResponse> {
  const { client, memory, target } = context;
  const response = await client.read(
    target,
    {
      resource: ["referrers", subject],
      accept: [mediaTypes.imageIndex],
      limitBytes: longestManifest,
      json: "the list of referrers",
      answers: noSuchEndpoint,
      learn: ({ status }) => (status === 200 ? "Supported" : undefined),
      // That there is no such path is said before anybody looks at the credential (distribution): it must not pass for one that works.
      isTelling: ({ status }) => status === 200,
    },
    signal,
  );
  if (response.status === 200) memory.learnReferrersAPI(target.repository, "Supported");
  else refuseUnknownName(context, response);
  return response;
}

async function* pages(context: ListingContext, first: RegistryResponse, signal: AbortSignal): AsyncGenerator<Descriptor, void, undefined> {
  const { client, limits, store, target } = context;
  const seen = new Set<string>();
  let page = first;
  let defect: BadEntry | undefined;
  for (let count = 1; ; count += 1) {
    try {
      yield* readPage(context, page, "the list of referrers");
    } catch (error) {
      // What is wrong with one entry is no reason to leave out the others: the good one may be on the next page.
      if (!(error instanceof BadEntry)) throw error;
      defect ??= error;
    }
    const { next } = page;
    if (next === undefined) break;
    const key = `${next.resource.join("/")}?${next.query ?? ""}`;
    if (seen.has(key)) throw storeError("ProtocolError", target, "the pages of the list of referrers go round in a circle");
    seen.add(key);
    if (count >= limits.pages)
      throw new StoreError(
        limitExceeded(`${registryOf(target.repository)}: the list of referrers has more pages`, { limit: "pages", limits, store }),
      );
    page = await client.next(target, next, signal);
    if (page.status !== 200) throw storeError("ProtocolError", target, `the list of referrers ends in ${page.status}`);
  }
  if (defect !== undefined) throw defect;
}

/** After everything that can be read: an entry that cannot. */
class BadEntry extends StoreError {}

function* readPage({ target }: ListingContext, response: RegistryResponse, what: string): Generator<Descriptor, void, undefined> {
  const page = parseListing(response.body);
  if (!page.ok) {
    const isLong = page.reason === "TooMany" || page.reason === "TooLarge";
    throw storeError(isLong ? "LimitExceeded" : "ProtocolError", target, `${what} cannot be read: ${page.message}`);
  }
  yield* page.value.manifests;
  if (page.value.defect !== undefined)
    throw new BadEntry(storeError("ProtocolError", target, `${what} has an entry that cannot be read: ${page.value.defect}`).failure);
}

/** A repository that the registry does not know, or does not show to this credential, has no empty listing: it has none. */
function refuseUnknownName({ target }: ListingContext, response: RegistryResponse): void {
  if (response.errorCodes.includes("NAME_UNKNOWN"))
    throw storeError("NotFound", target, "no such repository, or this credential may not know of it");
}

/** Whether the same credential demonstrably reads the repository; false: it was another one that did. @throws StoreError where none does */
async function isReadable(
  context: ListingContext,
  { subject, sentAs, signal }: { readonly subject: Digest; readonly sentAs: string; readonly signal: AbortSignal },
): Promise<boolean> {
  const { client, memory, target, holdsSubject } = context;
  if (memory.isReadable(target.repository, sentAs)) return true;
  if (holdsSubject) {
    const found = await client.read(target, manifestRead(subject, { method: "HEAD" }), signal);
    if (found.status === 200) return learn(context, sentAs, found.sentAs);
  }
  const tags = await client.read(
    target,
    { resource: ["tags", "list"], query: "n=1", limitBytes: longestManifest, json: "the list of tags" },
    signal,
  );
  const json = tags.status === 200 ? parseJSON(tags.body, "The list of tags", { bytes: longestManifest }) : undefined;
  const object = json?.ok === true ? asObject(json.value) : undefined;
  const listed = object === undefined ? undefined : field(object, "tags");
  // olareg and others written in Go say null for none.
  if (listed !== null && !Array.isArray(listed))
    throw storeError("NotFound", target, "nothing shows that this credential may read the repository");
  return learn(context, sentAs, tags.sentAs);
}

function learn({ memory, target }: ListingContext, asked: string, answered: string): boolean {
  memory.learnReadable(target.repository, answered);
  return asked === answered;
}
