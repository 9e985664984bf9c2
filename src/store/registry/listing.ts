import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import { asObject, field, parseJSON } from "../../oci/json.ts";
import { parseIndex } from "../../oci/manifest.ts";
import { mediaTypes } from "../../oci/media-type.ts";
import { cosignSignatureTag, referrersTag } from "../../oci/referrer-tag.ts";
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
  /** The subject's own manifest lies in the repository that is listed: a read of it proves that the repository can be read. */
  readonly holdsSubject: boolean;
}

/** registry-auth.md H8 and operator.md fault 21. */
const mostPages = 100;
/** Of all pages together: the engine's limit is far below. */
const mostReferrers = 10_000;
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
      yield* readIndex(context, start.index, "the index under the referrers tag");
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
  const { client, memory, target } = context;
  const tag = cosignSignatureTag(subject);
  // Of a sha512 subject: no registry can hold a tag that long.
  if (tag.length > longestTag) return;
  for (let round = 1; ; round += 1) {
    const response = await client.read(target, manifestRead(tag), signal);
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
  const { client, target } = context;
  const seen = new Set<string>();
  let page = first;
  let referrers = 0;
  for (let count = 1; ; count += 1) {
    const listed = readIndex(context, page, "the list of referrers");
    referrers += listed.length;
    if (referrers > mostReferrers) throw storeError("LimitExceeded", target, `lists more than ${mostReferrers} referrers`);
    yield* listed;
    const { next } = page;
    if (next === undefined) return;
    const key = `${next.resource.join("/")}?${next.query ?? ""}`;
    if (seen.has(key)) throw storeError("ProtocolError", target, "the pages of the list of referrers go round in a circle");
    seen.add(key);
    if (count === mostPages) throw storeError("LimitExceeded", target, `the list of referrers has more than ${mostPages} pages`);
    page = await client.next(target, next, signal);
    if (page.status !== 200) throw storeError("ProtocolError", target, `the list of referrers ends in ${page.status}`);
  }
}

function readIndex({ target }: ListingContext, response: RegistryResponse, what: string): readonly Descriptor[] {
  const index = parseIndex(response.body);
  if (!index.ok) throw storeError("ProtocolError", target, `${what} cannot be read: ${index.message}`);
  return index.value.manifests;
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
  const tags = await client.read(target, { resource: ["tags", "list"], query: "n=1", limitBytes: longestManifest }, signal);
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
