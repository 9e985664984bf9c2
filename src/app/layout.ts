import { resolve } from "node:path";
import { defaultLimits } from "../api/store.ts";
import { CliError } from "../cli/cli-error.ts";
import { type LayoutName, parseLayout } from "../cli/layout-image.ts";
import { discoverArtifacts } from "../engine/discover.ts";
import type { Discovery } from "../engine/discovery.ts";
import type { OrderMemory } from "../engine/locations.ts";
import type { ImageResolution } from "../engine/resolve-image.ts";
import { StoreError } from "../engine/store.ts";
import type { Realms } from "../engine/verify-realms.ts";
import type { View, ViewStore } from "../engine/view.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Digest } from "../oci/digest.ts";
import type { Repository } from "../oci/repository.ts";
import type { RealmsRequest } from "./record.ts";
import { layoutImages } from "../store/oci-layout/layout-images.ts";
import { ociLayoutStore } from "../store/oci-layout/layout-store.ts";

/** No object of Kubernetes has such a name. */
const storeName = "oci:layout";
/** Nobody else waits: a disk that is slower has failed. */
const timeoutMs = 30_000;
/** Of an error message: more lines are of no help. */
const mostListed = 10;

/** An image of a directory, and the only Store that is asked about it. */
export interface OpenedLayout {
  /** As sentences call it: `oci:DIR`. */
  readonly called: string;
  /** As it was judged: `oci:DIR@sha256:…`. */
  readonly image: string;
  readonly digest: Digest;
  /** The directory has that manifest. */
  readonly isHeld: boolean;
  readonly store: ViewStore;
}

/** Where an image is from that no reference names: nobody can have a scope for it (RFC 2606 §2). */
const nowhere: Repository = { host: "oci-layout.invalid", port: undefined, segments: ["image"] };

/** By the policies, Verifiers and keys of the realms, and of the Stores none but the directory; as an image of `repository`, or of none. */
export function layoutRequest(layout: OpenedLayout, realms: Realms, repository: Repository = nowhere): RealmsRequest {
  const { called, image, digest } = heldLayout(layout);
  const { cluster, namespaced } = realms;
  return {
    image,
    called,
    reference: { repository, digest },
    realms: { cluster: onLayout(cluster, layout), ...(namespaced !== undefined && { namespaced: onLayout(namespaced, layout) }) },
  };
}

export function layoutResolution({ called, image, digest, isHeld }: OpenedLayout): ImageResolution {
  if (!isHeld) return { image, outcome: "not-found", summary: `${called} has no manifest ${digest}`, stores: [] };
  return { image, outcome: "resolved", digest, summary: `${called} holds ${digest}`, stores: [] };
}

export async function layoutDiscovery(
  layout: OpenedLayout,
  deps: { readonly clock: Clock; readonly memory: OrderMemory },
  signal: AbortSignal,
): Promise<Discovery> {
  const { called, image, digest, isHeld } = layout;
  if (!isHeld) return { image, outcome: "not-found", summary: `${called} has no manifest ${digest}`, artifacts: [], stores: [] };
  const view = onLayout({ revision: "", stores: [], verifiers: [], policies: [] }, layout);
  return await discoverArtifacts({ image, reference: { repository: nowhere, digest }, view }, deps, signal);
}

/** What is not there must not be judged: that nothing is attached to it would follow from its absence. @throws CliError CLI_LAYOUT */
function heldLayout(layout: OpenedLayout): OpenedLayout {
  const { called, digest, isHeld } = layout;
  if (isHeld) return layout;
  throw new CliError("CLI_LAYOUT", `${called} has no manifest ${digest}`, {
    advice: `"countersign resolve ${called}" says what it has`,
  });
}

function onLayout(view: View, { store, called, digest }: OpenedLayout): View {
  return { ...view, revision: `${view.revision} ${called} ${digest}`, stores: [store] };
}

/** Reads what the directory holds. The person at the command line chose it: it need not lie below `--file-root`. @throws CliError CLI_USAGE, CLI_LAYOUT */
export async function openLayout(text: string, { clock }: { readonly clock: Clock }, signal: AbortSignal): Promise<OpenedLayout> {
  const name = parseLayout(text);
  const directory = resolve(name.directory);
  const spec = {
    scopes: [{ kind: "all" }],
    evidence: "Required",
    timeoutMs,
    healthCheck: { intervalMs: 0, failureThreshold: 1 },
    limits: defaultLimits,
    suspend: false,
  } as const;
  const store = ociLayoutStore({ path: directory }, { name: storeName, clock, fileRoot: directory, spec });
  try {
    const digest = name.digest ?? (await onlyImage(name, directory, signal));
    const isHeld = await store.resolve(nowhere, { digest }, signal).then(
      () => true,
      (error: unknown) => {
        if (error instanceof StoreError && error.class === "NotFound") return false;
        throw error;
      },
    );
    const called = `oci:${name.directory}`;
    return {
      called,
      image: `${called}@${digest}`,
      digest,
      isHeld,
      store: { name: storeName, evidence: "Required", timeoutMs, limits: defaultLimits, store },
    };
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new CliError("CLI_LAYOUT", `"${name.directory}" cannot be read as an image layout`, {
      advice: "name a directory that has the files oci-layout and index.json, and every blob that index.json lists",
      cause: error,
    });
  }
}

/** @throws CliError CLI_LAYOUT where there is none, or more than one */
async function onlyImage({ directory: shown }: LayoutName, directory: string, signal: AbortSignal): Promise<Digest> {
  const images = await layoutImages(directory, signal);
  const [first] = images;
  if (first !== undefined && images.length === 1) return first.digest;
  if (first === undefined)
    throw new CliError("CLI_LAYOUT", `"${shown}" holds no image`, { advice: "copy one into it, with what is attached to it" });
  const listed = images.slice(0, mostListed).map(({ digest, name }) => `${digest}${name === undefined ? "" : ` (${name})`}`);
  const more = images.length > mostListed ? `, and ${images.length - mostListed} more` : "";
  throw new CliError("CLI_LAYOUT", `"${shown}" holds ${images.length} images: ${listed.join(", ")}${more}`, {
    advice: `say which: oci:${shown}@${first.digest}`,
  });
}
